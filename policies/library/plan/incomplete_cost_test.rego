package slipway_test

import rego.v1

import data.slipway.warn

costing(space, failure, reasons) := {
	"cost": {"incomplete": true, "failure": failure, "reasons": reasons},
	"spacelift": {"stack": {"space": {"id": space}}},
}

one := {"address": "aws_instance.web", "why": "region_unknown"}

test_production_warns if {
	warn == {{"msg": "what this costs is not known as a whole (aws_instance.web: region unknown)"}} with input as costing("production", "", [one])
	warn == {{"msg": "what this costs is not known as a whole (aws_instance.web: region unknown, and 1 more)"}} with input as costing("production/eu", "", [one, one])
	warn == {{"msg": "what this costs is not known as a whole (no prices)"}} with input as costing("production", "no prices", [])
}

test_elsewhere_nothing_is_said if {
	count(warn) == 0 with input as costing("staging", "", [one])
	count(warn) == 0 with input as costing("production-like", "", [one])
}

test_a_complete_estimate_is_fine if {
	count(warn) == 0 with input as {"cost": {"incomplete": false, "reasons": []}, "spacelift": {"stack": {"space": {"id": "production"}}}}
}
