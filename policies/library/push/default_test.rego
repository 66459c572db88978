package slipway_test

import rego.v1

import data.slipway

pushed(branch) := {
	"push": {"branch": branch, "tag": "", "affected_files": ["stacks/a/main.tf"]},
	"pull_request": null,
	"stack": {"branch": "main"},
	"concern": {"files": ["stacks/a/main.tf"]},
}

pulled(base) := object.union(pushed("topic"), {"pull_request": {
	"base": {"branch": base}, "closed": false, "draft": true,
}})

test_a_pull_request_is_proposed if {
	slipway.propose with input as pulled("main")
	not slipway.track with input as pulled("main")
}

test_a_push_to_the_tracked_branch_is_tracked if {
	slipway.track with input as pushed("main")
	not slipway.propose with input as pushed("main")
}

test_other_branches_are_ignored if {
	not slipway.track with input as pushed("topic")
	not slipway.propose with input as pulled("release")
}

test_what_does_not_concern_the_stack_is_ignored if {
	not slipway.propose with input as object.union(pulled("main"), {"concern": {"files": []}})
	not slipway.track with input as object.union(pushed("main"), {"concern": {"files": []}})
}

test_a_closed_pull_request_is_ignored if {
	not slipway.propose with input as object.union(pulled("main"), {"pull_request": {"closed": true}})
}

test_a_tag_is_ignored if {
	not slipway.track with input as object.union(pushed("main"), {"push": {"tag": "v1"}})
}
