# METADATA
# title: What costs more needs one more approval
# description: >
#   Needs one approval by a person with write permission who is not the author, and two where the plan adds more
#   than the amount below to the bill, in US dollars per month, or where what it costs is not known as a whole.
#   Any rejection stops the run until its author takes it back.
package slipway

import rego.v1

threshold := 500

needed := 2 if expensive

needed := 1 if not expensive

expensive if input.cost.monthly.delta > threshold

expensive if input.cost.incomplete

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
}

approve if {
	count(approved_by) >= needed
	not reject
}

reject if count(input.reviews.current.rejections) > 0

missing contains {"msg": msg, "count": lacking} if {
	lacking := needed - count(approved_by)
	lacking > 0
	msg := sprintf("%d more of those who may write, but not the author", [lacking])
}
