package slipway_test

import rego.v1

import data.slipway

at(time_text, labels) := {
	"stack": {"labels": labels},
	"request": {"timestamp_ns": time.parse_rfc3339_ns(time_text)},
}

test_before_and_after_the_freeze if {
	slipway.approve with input as at("2026-12-18T23:59:59Z", [])
	slipway.approve with input as at("2027-01-04T00:00:00Z", [])
	count(slipway.missing) == 0 with input as at("2027-01-04T00:00:00Z", [])
}

test_during_the_freeze if {
	not slipway.approve with input as at("2026-12-19T00:00:00Z", [])
	slipway.missing == {{"msg": "the end of the freeze (year's end) at 2027-01-04T00:00:00Z"}} with input as at("2026-12-24T12:00:00Z", [])
}

test_an_exempt_stack_goes_on if {
	slipway.approve with input as at("2026-12-24T12:00:00Z", ["freeze:exempt"])
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	slipway.reject with input as object.union(at("2027-02-01T00:00:00Z", []), rejected)
	not slipway.approve with input as object.union(at("2027-02-01T00:00:00Z", []), rejected)
}
