package slipway_test

import rego.v1

import data.slipway

given(labels, approvals) := {
	"stack": {"labels": labels},
	"reviews": {"current": {"approvals": approvals, "rejections": []}},
}

of_team(login, team) := {"author": login, "is_author": false, "session": {"teams": [team]}}

dba := {"msg": "1 of team dba", "count": 1, "team": "dba"}

test_no_label_asks_for_nobody if slipway.approve with input as given(["env:prod"], [])

test_the_team_is_missing if {
	not slipway.approve with input as given(["approvers:dba"], [of_team("ada", "web")])
	slipway.missing == {dba} with input as given(["approvers:dba"], [of_team("ada", "web")])
}

test_one_of_each_team if {
	labels := ["approvers:dba", "approvers:web"]
	slipway.approve with input as given(labels, [of_team("ada", "web"), of_team("grace", "dba")])
	slipway.missing == {dba} with input as given(labels, [of_team("ada", "web")])
}

test_the_author_does_not_count_for_the_team if {
	own := object.union(of_team("ada", "dba"), {"is_author": true})
	not slipway.approve with input as given(["approvers:dba"], [own])
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	slipway.reject with input as object.union(given([], []), rejected)
	not slipway.approve with input as object.union(given([], []), rejected)
}
