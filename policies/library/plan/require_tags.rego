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
	some change in input.terraform.resource_changes
	made(change.change.actions)
	some kind in {"tags", "labels"}
	has_kind(change.change, kind)
	some tag in required
	not there(change.change, kind, tag)
}

made(actions) if "create" in actions

made(actions) if "update" in actions

has_kind(change, kind) if kind in object.keys(change.after)

has_kind(change, kind) if change.after_unknown[kind]

there(change, kind, tag) if change.after[kind][tag] != ""

there(change, kind, tag) if change.after_unknown[kind][tag] == true

there(change, kind, _) if change.after_unknown[kind] == true
