# METADATA
# title: Somebody else has looked
# description: >
#   Needs one approval by a person with write permission who is not the author of the change; for two, three
#   or more write another number below. Any rejection stops the run until its author takes it back.
package slipway

import rego.v1

needed := 1

# Reviews of those who may not write never get here.
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
