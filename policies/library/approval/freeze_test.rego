package slipway_test

import rego.v1

import data.slipway

at(text) := exempted(text, [])

exempted(text, labels) := {
	"stack": {"labels": labels},
	"request": {"timestamp_ns": time.parse_rfc3339_ns(text)},
}

until(text, why) := {{
	"msg": sprintf("frozen until %s UTC: %s", [text, why]),
	"count": 0,
	"until": time.parse_rfc3339_ns(sprintf("%s:00Z", [replace(text, " ", "T")])),
}}

holidays := "the holidays"

weekend := "no applies over the weekend"

test_before_and_after_a_period if {
	slipway.approve with input as at("2026-12-16T23:59:59Z")
	slipway.approve with input as at("2027-01-04T07:00:00Z")
	count(slipway.missing) == 0 with input as at("2027-01-04T07:00:00Z")
}

test_during_a_period if {
	not slipway.approve with input as at("2026-12-22T00:00:00Z")
	slipway.missing == until("2027-01-04 07:00", holidays) with input as at("2026-12-22T12:00:00Z")
	not slipway.approve with input as at("2027-01-04T06:59:59Z")
}

# 2026-11-27 is a Friday.
test_a_week if {
	slipway.approve with input as at("2026-11-27T15:59:59Z")
	not slipway.approve with input as at("2026-11-27T16:00:00Z")
	slipway.missing == until("2026-11-30 07:00", weekend) with input as at("2026-11-27T16:00:00Z")
	slipway.missing == until("2026-11-30 07:00", weekend) with input as at("2026-11-29T12:34:56Z")
	not slipway.approve with input as at("2026-11-30T06:59:59Z")
	slipway.approve with input as at("2026-11-30T07:00:00Z")
}

test_both_at_once if {
	count(slipway.missing) == 2 with input as at("2026-12-19T12:00:00Z")
}

test_an_exempt_stack_goes_on if {
	slipway.approve with input as exempted("2026-12-22T12:00:00Z", ["freeze:exempt"])
	count(slipway.missing) == 0 with input as exempted("2026-12-22T12:00:00Z", ["freeze:exempt"])
	not slipway.approve with input as exempted("2026-12-22T12:00:00Z", ["freeze"])
}

test_without_a_time_nothing_is_approved if {
	not slipway.approve with input as {"stack": {"labels": []}}
	not slipway.approve with input as {"stack": {"labels": ["freeze:exempt"]}}
}

test_a_mistake_ends_no_freeze if {
	later := [{"from": "2027-01-04T00:00:00Z", "until": "2026-12-19T00:00:00Z", "why": "x"}]
	not slipway.approve with slipway.periods as later with input as at("2027-02-03T12:00:00Z")
	windows := [
		{"from": ["Freitag", "16:00"], "until": ["Monday", "07:00"], "why": "x"},
		{"from": ["Friday", "16:00"], "until": ["Monday", "7"], "why": "x"},
	]
	every window in windows {
		not slipway.approve with slipway.weekly as [window] with input as at("2027-02-03T12:00:00Z")
	}
}

test_a_rejection_stops_it if {
	rejected := {"reviews": {"current": {"rejections": [{"author": "grace"}]}}}
	slipway.reject with input as object.union(at("2027-02-03T12:00:00Z"), rejected)
	not slipway.approve with input as object.union(at("2027-02-03T12:00:00Z"), rejected)
	not slipway.approve with input as object.union(exempted("2027-02-03T12:00:00Z", ["freeze:exempt"]), rejected)
}
