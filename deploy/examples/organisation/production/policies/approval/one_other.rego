# METADATA
# title: Somebody else who may write has seen the plan
package slipway

import rego.v1

counting contains review.author if {
	some review in input.reviews.current.approvals
	review.may_write
	not review.is_author
}

approve if count(counting) >= 1

reject if count(input.reviews.current.rejections) > 0

missing contains "1 of those who may write, but the author" if not approve
