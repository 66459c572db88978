package slipway_test

import rego.v1

import data.slipway

given(labels, approvals) := {
	"stack": {"labels": labels},
	"reviews": {"current": {"approvals": approvals, "rejections": []}},
}

by(login, team) := {"author": login, "is_author": false, "session": {"teams": [team]}}

labels := ["env:prod", "owner:Ada", "owner-team:dba"]

test_a_stack_without_owners_needs_nobody if {
	slipway.approve with input as given(["env:prod"], [])
	count(slipway.missing) == 0 with input as given(["env:prod"], [])
}

test_an_owner_is_missing if {
	not slipway.approve with input as given(labels, [by("grace", "web")])
	slipway.missing == {{"msg": "1 of the owners: ada, team dba", "count": 1}} with input as given(labels, [])
}

test_any_owner_is_enough if {
	slipway.approve with input as given(labels, [by("ada", "web")])
	slipway.approve with input as given(labels, [by("grace", "dba")])
	slipway.approved_by == {"grace"} with input as given(labels, [by("grace", "dba"), by("linus", "web")])
}

test_an_owners_own_change_needs_another_owner if {
	own := object.union(by("ada", "dba"), {"is_author": true})
	not slipway.approve with input as given(labels, [own])
	slipway.approve with input as given(labels, [own, by("grace", "dba")])
}

test_without_labels_nothing_is_approved if {
	not slipway.approve with input as {"reviews": {"current": {"approvals": [], "rejections": []}}}
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	not slipway.approve with input as object.union(given(labels, [by("ada", "web")]), rejected)
	slipway.reject with input as object.union(given([], []), rejected)
}
