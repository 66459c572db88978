package slipway_test

import rego.v1

import data.slipway

given(approvals, rejections) := {"reviews": {"current": {
	"approvals": approvals,
	"rejections": rejections,
}}}

ada := {"author": "ada", "is_author": false}

author := {"author": "linus", "is_author": true}

one_more := {"msg": "1 more of those who may write, but not the author", "count": 1}

test_nobody_yet if {
	not slipway.approve with input as given([], [])
	slipway.missing == {one_more} with input as given([], [])
}

test_somebody_else_is_enough if {
	slipway.approve with input as given([ada], [])
	slipway.approved_by == {"ada"} with input as given([ada, author], [])
	count(slipway.missing) == 0 with input as given([ada], [])
}

test_the_author_does_not_count if {
	not slipway.approve with input as given([author], [])
}

test_a_rejection_stops_it if {
	slipway.reject with input as given([ada], [{"author": "grace"}])
	not slipway.approve with input as given([ada], [{"author": "grace"}])
}

test_more_may_be_needed if {
	not slipway.approve with input as given([ada], []) with slipway.needed as 2
	slipway.missing == {one_more} with input as given([ada], [])
		with slipway.needed as 2
}
