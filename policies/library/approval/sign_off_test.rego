package slipway_test

import rego.v1

import data.slipway

given(type, approvals) := planning(type, "create", approvals)

planning(type, action, approvals) := {
	"plan": {"changes": [{"address": "x.y", "type": type, "action": action}]},
	"reviews": {"current": {"approvals": approvals, "rejections": []}},
}

by(login, team) := {"author": login, "is_author": false, "session": {"teams": [team]}}

signature := {"msg": "1 of team security", "count": 1, "team": "security"}

test_other_types_need_nobody if {
	slipway.approve with input as given("aws_s3_bucket", [])
	count(slipway.missing) == 0 with input as given("aws_s3_bucket", [])
}

test_an_identity_needs_the_team if {
	not slipway.approve with input as given("aws_iam_role", [by("ada", "web")])
	slipway.missing == {signature} with input as given("aws_iam_role", [by("ada", "web")])
	slipway.approve with input as given("aws_iam_role", [by("grace", "security")])
}

test_what_is_only_read_needs_nobody if {
	slipway.approve with input as planning("aws_iam_policy_document", "read", [])
	not slipway.approve with input as planning("aws_iam_role", "delete", [])
}

test_a_network_needs_the_team if {
	not slipway.approve with input as given("google_compute_firewall", [])
	not slipway.approve with input as given("azurerm_network_security_rule", [])
}

test_the_author_does_not_sign_off if {
	own := object.union(by("grace", "security"), {"is_author": true})
	not slipway.approve with input as given("aws_iam_role", [own])
}

test_without_a_plan_nothing_is_signed_off if {
	not slipway.approve with input as {"reviews": {"current": {"approvals": [], "rejections": []}}}
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	not slipway.approve with input as object.union(given("aws_s3_bucket", []), rejected)
	slipway.reject with input as object.union(given("aws_s3_bucket", []), rejected)
}
