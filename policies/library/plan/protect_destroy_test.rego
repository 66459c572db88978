package slipway_test

import rego.v1

import data.slipway.deny

planned(type, actions, labels) := {
	"spacelift": {"stack": {"labels": labels}},
	"terraform": {"resource_changes": [{
		"address": "x.main", "type": type, "mode": "managed", "change": {"actions": actions},
	}]},
}

test_a_database_is_protected if {
	{finding.msg | some finding in deny} == {"x.main would be destroyed, and it holds data"}
		with input as planned("aws_db_instance", ["delete"], [])
}

test_a_replacement_destroys_too if {
	{finding.msg | some finding in deny} == {"x.main would be replaced (destroy, then create), and it holds data"}
		with input as planned("aws_s3_bucket", ["create", "delete"], [])
}

test_other_types_go if count(deny) == 0 with input as planned("aws_iam_role", ["delete"], [])

test_changes_pass if {
	count(deny) == 0 with input as planned("aws_db_instance", ["update"], [])
	count(deny) == 0 with input as planned("aws_db_instance", ["forget"], [])
}

test_a_label_allows_it if {
	count(deny) == 0 with input as planned("aws_db_instance", ["delete"], ["allow-destroy"])
}
