package slipway_test

import rego.v1

import data.slipway.deny
import data.slipway.warn

costing(delta, after, incomplete) := {
	"cost": {
		"monthly": {"delta": delta},
		"incomplete": incomplete,
		"budgets": [{"space": "production", "monthly": 1000, "warn_at": 0.8, "after": after}],
	},
	"plan": {"changes": [{"address": "aws_instance.web"}]},
}

test_more_than_the_budget if {
	deny == {{"msg": "production would cost $1000.05 per month, and its budget is $1000.00"}} with input as costing(100, 1000.05, false)
}

test_the_budget_itself_is_allowed if {
	count(deny) == 0 with input as costing(100, 1000, false)
}

test_a_saving_passes_above_the_budget if {
	count(deny) == 0 with input as costing(-100, 1500, false)
	count(warn) == 0 with input as costing(-100, 1500, false)
}

test_an_incomplete_estimate_counts_as_too_much if {
	deny == {{"msg": "production has a budget, and what this plan costs is not known as a whole"}} with input as costing(0, 10, true)
}

test_an_incomplete_estimate_of_nothing_passes if {
	count(deny) == 0 with input as object.union(costing(0, 10, true), {"plan": {"changes": []}})
}

test_close_to_the_budget_warns if {
	warn == {{"msg": "production would cost $812.50 of its budget of $1000.00 per month"}} with input as costing(1, 812.5, false)
	count(warn) == 0 with input as costing(1, 799, false)
}

test_a_budget_without_a_share_to_warn_at_only_denies if {
	count(warn) == 0 with input as never_warning(999)
	count(deny) == 0 with input as never_warning(999)
	count(deny) == 1 with input as never_warning(1001)
}

never_warning(after) := json.patch(costing(1, after, false), [{
	"op": "replace",
	"path": "/cost/budgets/0/warn_at",
	"value": null,
}])

test_without_a_budget_nothing_is_said if {
	count(deny) == 0 with input as {"cost": {"monthly": {"delta": 9}, "incomplete": true, "budgets": []}, "plan": {"changes": []}}
	count(deny) == 0 with input as {"cost": null, "plan": {"changes": []}}
}
