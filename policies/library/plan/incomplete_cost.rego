# METADATA
# title: Production says what it costs
# description: >
#   Warns of a plan in the space `production`, or below it, whose cost is not known as a whole, with the first
#   reason.
package slipway

import rego.v1

warn contains {"msg": sprintf("what this costs is not known as a whole (%s)", [because])} if {
	in_production(input.spacelift.stack.space.id)
	input.cost.incomplete
}

in_production(space) if space == "production"

in_production(space) if startswith(space, "production/")

because := input.cost.failure if input.cost.failure != ""

because := sprintf("%s, and %d more", [first, others]) if {
	input.cost.failure == ""
	others := count(input.cost.reasons) - 1
	others > 0
}

because := first if {
	input.cost.failure == ""
	count(input.cost.reasons) == 1
}

first := sprintf("%s: %s", [reason.address, replace(reason.why, "_", " ")]) if reason := input.cost.reasons[0]
