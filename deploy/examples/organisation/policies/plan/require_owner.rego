# METADATA
# title: Everything that is built has an owner
package slipway

import rego.v1

deny contains {"msg": message, "resource": change.address} if {
	some change in input.terraform.resource_changes
	some action in change.change.actions
	action in {"create", "update"}
	not change.change.after.input.owner
	message := sprintf("%s has no owner", [change.address])
}
