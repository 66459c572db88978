package slipway_test

import rego.v1

import data.slipway.warn

planned(action) := {"plan": {"changes": [{"address": "x.main", "action": action}]}}

messages(action) := {finding.msg | some finding in warn} with input as planned(action)

test_what_is_destroyed if {
	messages("delete") == {"x.main is destroyed"}
	messages("replace") == {"x.main is destroyed and created again"}
}

test_the_rest_is_quiet if {
	every action in ["create", "update", "forget", "none"] {
		count(warn) == 0 with input as planned(action)
	}
}
