# METADATA
# title: An owner has looked
# description: >
#   Needs one approval by an owner of the stack. Its labels say who they are: `owner:LOGIN` for a person,
#   `owner-team:NAME` for all of a team. A stack without such a label needs nobody. An owner's own change needs
#   another owner. Any rejection stops the run until its author takes it back.
package slipway

import rego.v1

persons contains lower(trim_prefix(label, "owner:")) if {
	some label in input.stack.labels
	startswith(label, "owner:")
}

teams contains trim_prefix(label, "owner-team:") if {
	some label in input.stack.labels
	startswith(label, "owner-team:")
}

is_owner(review) if lower(review.author) in persons

is_owner(review) if {
	some team in review.session.teams
	team in teams
}

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	review.is_author == false
	is_owner(review)
}

owned if count(persons) > 0

owned if count(teams) > 0

needed := 1 if owned

approve if {
	input.stack.labels # without them nobody can tell
	not owned
	not reject
}

approve if {
	count(approved_by) > 0
	not reject
}

reject if count(input.reviews.current.rejections) > 0

names contains person if some person in persons

names contains sprintf("team %s", [team]) if some team in teams

missing contains {"msg": sprintf("1 of the owners: %s", [concat(", ", names)]), "count": 1} if {
	owned
	count(approved_by) == 0
}
