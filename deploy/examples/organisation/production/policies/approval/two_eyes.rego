# METADATA
# title: In production somebody else has looked
package slipway

import rego.v1

needed := 1

# Only reviews of people who may write get here.
approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
}

approve if {
	count(approved_by) >= needed
	not reject
}

reject if count(input.reviews.current.rejections) > 0

missing contains {"msg": "1 of those who may write, but not the author", "count": 1} if not approve
