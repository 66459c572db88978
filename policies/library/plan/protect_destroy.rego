# METADATA
# title: What holds data is not destroyed
# description: >
#   Denies destroying or replacing resources whose type says that they hold data, unless the stack carries
#   the label `allow-destroy`. Forgetting a resource destroys nothing and passes.
package slipway

import rego.v1

holds_data := [
	"_db_", "_database", "_rds_", "dynamodb_table", "_sql_", "_bucket", "_disk", "_volume",
	"_file_system", "kms_key", "_vault",
]

deny contains {
	"msg": sprintf("%s would be %s, and it holds data", [change.address, what(change.change.actions)]),
	"resource": change.address,
} if {
	some change in input.terraform.resource_changes
	change.mode == "managed"
	"delete" in change.change.actions
	some part in holds_data
	contains(change.type, part)
	not "allow-destroy" in input.spacelift.stack.labels
}

what(actions) := "replaced (destroy, then create)" if "create" in actions

what(actions) := "destroyed" if not "create" in actions
