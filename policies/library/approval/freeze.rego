# METADATA
# title: Nothing is applied during a freeze
# description: >
#   Holds every stack while one of the periods or weekly windows below lasts, except those with the label
#   `freeze:exempt`. All times are UTC. Pull requests say until when and why; what is merged meanwhile is planned,
#   waits, and is looked at again when the freeze ends: it is applied where nothing else is in its way. It is asked
#   again right before an apply begins, too. Who must approve is for other policies to say. Any rejection stops the
#   run until its author takes it back.
package slipway

import rego.v1

# From the first moment to the first moment after, none later than the year 2261.
periods := [{"from": "2026-12-19T00:00:00Z", "until": "2027-01-04T07:00:00Z", "why": "the holidays"}]

# Every week. One may run over the end of the week: from Friday to Monday.
weekly := [{"from": ["Friday", "16:00"], "until": ["Monday", "07:00"], "why": "no applies over the weekend"}]

exempt if "freeze:exempt" in input.stack.labels

now := input.request.timestamp_ns

freezes contains {"until": until, "why": period.why} if {
	some period in periods
	until := time.parse_rfc3339_ns(period.until)
	time.parse_rfc3339_ns(period.from) <= now
	now < until
}

freezes contains {"until": until, "why": window.why} if {
	some window in weekly
	from := minute_of(window.from)
	lasts := (minute_of(window.until) - from + week) % week
	passed := (minute_now - from + week) % week
	passed < lasts
	until := (minute - passed + lasts) * minute_ns
}

week := (7 * 24) * 60

minute_ns := (60 * 1000) * 1000000

minute := floor(now / minute_ns)

# The first of January 1970 was a Thursday; minute 0 is Monday's first.
minute_now := (minute + ((3 * 24) * 60)) % week

days := ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

minute_of([day, clock]) := ((index * 24) * 60) + at if {
	some index, name in days
	name == day
	regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, clock)
	[hours, minutes] := split(clock, ":")
	at := (to_number(hours) * 60) + to_number(minutes)
}

# A mistake above must not end the freeze.
wrong contains sprintf("the freeze %q does not end after it begins", [period.why]) if {
	some period in periods
	not in_order(period)
}

wrong contains sprintf("the freeze %q has a day or a time that is not known", [window.why]) if {
	some window in weekly
	not known(window)
}

in_order(period) if time.parse_rfc3339_ns(period.from) < time.parse_rfc3339_ns(period.until)

known(window) if {
	minute_of(window.from) != minute_of(window.until)
}

approve if {
	now
	exempt
	not reject
}

approve if {
	now
	count(freezes) == 0
	count(wrong) == 0
	not reject
}

reject if count(input.reviews.current.rejections) > 0

# No approval is missing: `count` is 0. It is looked at again at `until`.
missing contains {"msg": msg, "count": 0, "until": freeze.until} if {
	not exempt
	some freeze in freezes
	msg := sprintf("frozen until %s: %s", [time.format([freeze.until, "UTC", "2006-01-02 15:04 MST"]), freeze.why])
}

missing contains {"msg": msg, "count": 0} if {
	not exempt
	some msg in wrong
}
