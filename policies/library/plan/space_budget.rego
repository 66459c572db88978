# METADATA
# title: A space stays within its budget
# description: >
#   Denies a plan after which the stack's space, or one above it, costs more per month than the `budget` in its
#   space.yaml. Counts what was applied in the other stacks, and this plan. A plan that costs no more than what
#   is there passes. One whose cost is not known as a whole counts as too much.
package slipway

import rego.v1

deny contains {"msg": sprintf("%s would cost %s per month, and its budget is %s", [
	budget.space, money(budget.after), money(budget.monthly),
])} if {
	some budget in input.cost.budgets
	input.cost.monthly.delta > 0
	budget.after > budget.monthly
}

deny contains {"msg": sprintf("%s has a budget, and what this plan costs is not known as a whole", [
	budget.space,
])} if {
	some budget in input.cost.budgets
	input.cost.incomplete
	count(input.plan.changes) > 0
}

warn contains {"msg": sprintf("%s would cost %s of its budget of %s per month", [
	budget.space, money(budget.after), money(budget.monthly),
])} if {
	some budget in input.cost.budgets
	is_number(budget.warn_at)
	input.cost.monthly.delta > 0
	budget.after > budget.monthly * budget.warn_at
	budget.after <= budget.monthly
}

money(amount) := sprintf("$%d.%02d", [floor(cents / 100), cents % 100]) if cents := round(amount * 100)
