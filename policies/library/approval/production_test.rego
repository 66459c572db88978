package slipway_test

import rego.v1

import data.slipway

given(space, labels, approvals) := {
	"stack": {"space": {"id": space}, "labels": labels},
	"run": {"commit": {"author": "linus"}},
	"reviews": {"current": {"approvals": approvals, "rejections": []}},
}

by(login) := {"author": login, "is_author": false}

lacking(number) := {{"msg": sprintf("%d more of those who may write, but not the author", [number]), "count": number}}

test_elsewhere_nobody_has_to if {
	slipway.approve with input as given("sandbox", [], [])
	slipway.approve with input as given("production-like", ["env:test"], [])
}

test_production_needs_two if {
	every stack in [["production", []], ["production/eu", []], ["sandbox", ["env:prod"]]] {
		not slipway.approve with input as given(stack[0], stack[1], [])
		slipway.missing == lacking(2) with input as given(stack[0], stack[1], [])
		not slipway.approve with input as given(stack[0], stack[1], [by("ada")])
		slipway.missing == lacking(1) with input as given(stack[0], stack[1], [by("ada")])
		slipway.approve with input as given(stack[0], stack[1], [by("ada"), by("grace")])
	}
}

test_two_different_persons if {
	not slipway.approve with input as given("production", [], [by("ada"), by("Ada")])
}

test_the_author_is_none_of_them if {
	author := {"author": "root", "is_author": true}
	not slipway.approve with input as given("production", [], [by("ada"), author])
	not slipway.approve with input as given("production", [], [by("ada"), by("Linus")])
}

test_what_is_not_known_is_production if {
	unknown := object.remove(given("sandbox", [], []), ["stack"])
	not slipway.approve with input as unknown
	not slipway.approve with input as given("production", [], [{"author": "ada"}, {"author": "grace"}])
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	not slipway.approve with input as object.union(given("sandbox", [], []), rejected)
	slipway.reject with input as object.union(given("sandbox", [], []), rejected)
}
