# METADATA
# title: Nothing is applied during a freeze
# description: >
#   Approves nothing while one of the periods below lasts, except in stacks with the label `freeze:exempt`. Pull
#   requests say until when; what is merged meanwhile is planned, waits, and is applied when somebody confirms it
#   after the freeze. Looked at again right before an apply begins. Any rejection stops the run until its author
#   takes it back.
package slipway

import rego.v1

# Times are RFC 3339; `until` is the first moment after the freeze.
periods := [{"from": "2026-12-19T00:00:00Z", "until": "2027-01-04T00:00:00Z", "why": "year's end"}]

active contains period if {
	some period in periods
	not "freeze:exempt" in input.stack.labels
	time.parse_rfc3339_ns(period.from) <= input.request.timestamp_ns
	input.request.timestamp_ns < time.parse_rfc3339_ns(period.until)
}

approve if {
	count(active) == 0
	not reject
}

reject if count(input.reviews.current.rejections) > 0

missing contains {"msg": sprintf("the end of the freeze (%s) at %s", [period.why, period.until])} if {
	some period in active
}
