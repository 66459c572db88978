# METADATA
# title: A stack stays within its budget
# description: >
#   Denies a plan after which the stack costs more per month than its label `budget:AMOUNT` says, in US dollars.
#   A plan that costs no more than what is there passes. One whose cost is not known as a whole counts as too
#   much.
package slipway

import rego.v1

budget := to_number(trim_prefix(label, "budget:")) if {
	some label in input.spacelift.stack.labels
	startswith(label, "budget:")
}

deny contains {"msg": sprintf("this stack would cost %s per month, and its budget is %s", [
	money(input.cost.monthly.after), money(budget),
])} if {
	input.cost.monthly.delta > 0
	input.cost.monthly.after > budget
}

deny contains {"msg": "this stack has a budget, and what this plan costs is not known as a whole"} if {
	_ = budget
	input.cost.incomplete
	count(input.plan.changes) > 0
}

money(amount) := sprintf("$%d.%02d", [floor(cents / 100), cents % 100]) if cents := round(amount * 100)
