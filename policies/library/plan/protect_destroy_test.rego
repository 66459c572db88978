package slipway_test

import rego.v1

import data.slipway.deny

planned(type, actions, labels) := {
	"spacelift": {"stack": {"labels": labels}},
	"terraform": {"resource_changes": [{
		"address": "x.main", "type": type, "mode": "managed", "change": {"actions": actions},
	}]},
}

messages(document) := {finding.msg | some finding in deny} with input as document

test_a_database_is_protected if {
	messages(planned("aws_db_instance", ["delete"], [])) == {"x.main would be destroyed, and it holds data"}
}

test_a_replacement_destroys_too if {
	replaced := planned("aws_s3_bucket", ["create", "delete"], [])
	messages(replaced) == {"x.main would be destroyed and created again, and it holds data"}
}

test_other_types_go if count(deny) == 0 with input as planned("aws_iam_role", ["delete"], [])

test_changes_pass if {
	count(deny) == 0 with input as planned("aws_db_instance", ["update"], [])
	count(deny) == 0 with input as planned("aws_db_instance", ["forget"], [])
}

test_a_label_allows_it if {
	count(deny) == 0 with input as planned("aws_db_instance", ["delete"], ["allow-destroy"])
}
