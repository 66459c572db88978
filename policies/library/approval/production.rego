# METADATA
# title: Two eyes for production
# description: >
#   In production two different persons must approve who may write and who did not make the change; elsewhere nobody
#   has to. Production is the space `production` with all below it, and every stack with the label `env:prod`. Any
#   rejection stops the run until its author takes it back.
package slipway

import rego.v1

needed := 2 if production

needed := 0 if not production

production if input.stack.space.id == "production"

production if startswith(input.stack.space.id, "production/")

production if "env:prod" in input.stack.labels

# Where the space is not known, it may be production.
production if not input.stack.space.id

# A set: who approves twice is one.
approved_by contains lower(review.author) if {
	some review in input.reviews.current.approvals
	review.is_author == false
	lower(review.author) != lower(input.run.commit.author)
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
