package slipway_test

import rego.v1

import data.slipway.deny

costing(delta, after, incomplete, labels) := {
	"cost": {"monthly": {"delta": delta, "after": after}, "incomplete": incomplete},
	"plan": {"changes": [{"address": "aws_instance.web"}]},
	"spacelift": {"stack": {"labels": labels}},
}

test_more_than_the_budget if {
	deny == {{"msg": "this stack would cost $612.40 per month, and its budget is $500.00"}} with input as costing(1, 612.4, false, ["env:prod", "budget:500"])
}

test_within_the_budget if {
	count(deny) == 0 with input as costing(1, 500, false, ["budget:500"])
}

test_a_saving_passes_above_the_budget if {
	count(deny) == 0 with input as costing(-1, 612, false, ["budget:500"])
}

test_an_incomplete_estimate_counts_as_too_much if {
	count(deny) == 1 with input as costing(0, 0, true, ["budget:500"])
	count(deny) == 0 with input as costing(0, 0, true, ["env:prod"])
}
