package slipway_test

import rego.v1

import data.slipway

given(delta, incomplete, approvals, rejections) := {
	"cost": {"monthly": {"delta": delta}, "incomplete": incomplete},
	"reviews": {"current": {"approvals": approvals, "rejections": rejections}},
}

ada := {"author": "ada", "is_author": false}

grace := {"author": "grace", "is_author": false}

author := {"author": "linus", "is_author": true}

test_little_needs_one if {
	slipway.approve with input as given(500, false, [ada], [])
	not slipway.approve with input as given(500, false, [author], [])
}

test_much_needs_two if {
	not slipway.approve with input as given(500.01, false, [ada, author], [])
	slipway.approve with input as given(500.01, false, [ada, grace], [])
	slipway.missing == {{"msg": "1 more of those who may write, but not the author", "count": 1}} with input as given(501, false, [ada], [])
}

test_what_is_not_known_needs_two if {
	not slipway.approve with input as given(0, true, [ada], [])
}

test_what_costs_nothing_needs_one if {
	slipway.approve with input as object.union(given(0, false, [ada], []), {"cost": null})
}

test_a_rejection_stops_it if {
	not slipway.approve with input as given(0, false, [ada], [{"author": "grace"}])
}
