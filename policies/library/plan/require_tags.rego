# METADATA
# title: Tags are there
# description: >
#   Denies what is created or changed without the tags below, where the resource's type has tags at all.
#   A tag whose value is known only after the apply counts as there.
package slipway

import rego.v1

required := {"owner"}

deny contains {
	"msg": sprintf("%s has no tag %s", [change.address, tag]),
	"resource": change.address,
} if {
	some [i, kind] in tagged
	change := input.terraform.resource_changes[i]
	made(change.change.actions)
	some tag in required
	not there(change.change, kind, tag)
}

# Where in the plan a resource has tags, or will have.
tagged contains [i, kind] if {
	some kind in {"tags", "labels"}
	some i, change in input.terraform.resource_changes
	_ = change.change.after[kind]
}

tagged contains [i, kind] if {
	some kind in {"tags", "labels"}
	some i, change in input.terraform.resource_changes
	change.change.after_unknown[kind]
}

made(actions) if "create" in actions

made(actions) if "update" in actions

there(change, kind, tag) if change.after[kind][tag] != ""

there(change, kind, tag) if change.after_unknown[kind][tag] == true

there(change, kind, _) if change.after_unknown[kind] == true
