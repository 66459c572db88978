# METADATA
# title: A team has looked
# description: >
#   Needs one approval by a member of the team that the stack's label `approvers:NAME` names; without such a
#   label, nobody has to approve. The author's own approval does not count.
package slipway

import rego.v1

teams contains team if {
	some label in input.stack.labels
	startswith(label, "approvers:")
	team := trim_prefix(label, "approvers:")
}

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
	some team in review.session.teams
	team in teams
}

heard contains team if {
	some review in input.reviews.current.approvals
	not review.is_author
	some team in review.session.teams
	team in teams
}

needed := count(teams)

approve if {
	count(teams - heard) == 0
	not reject
}

reject if count(input.reviews.current.rejections) > 0

missing contains {"msg": sprintf("1 of team %s", [team]), "count": 1, "team": team} if {
	some team in teams - heard
}
