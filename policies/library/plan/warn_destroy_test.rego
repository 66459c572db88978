package slipway_test

import rego.v1

import data.slipway.warn

planned(action) := {"plan": {"changes": [{"address": "x.main", "action": action}]}}

test_what_is_destroyed if {
	{finding.msg | some finding in warn} == {"x.main is destroyed"} with input as planned("delete")
	{finding.msg | some finding in warn} == {"x.main is replaced (destroy, then create)"}
		with input as planned("replace")
}

test_the_rest_is_quiet if {
	every action in ["create", "update", "forget", "none"] {
		count(warn) == 0 with input as planned(action)
	}
}
