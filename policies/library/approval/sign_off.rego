# METADATA
# title: Security signs off on identities and networks
# description: >
#   Needs one approval by a member of the team below where the plan changes who may do what, or what may reach
#   what: IAM, keys, security groups, firewalls. Other plans need nobody. The author's own approval does not count.
package slipway

import rego.v1

team := "security"

# Types that begin like this.
watched := {
	"aws_iam_", "aws_kms_", "aws_security_group", "aws_vpc_security_group_", "aws_network_acl",
	"azurerm_role_", "azurerm_network_security_", "azurerm_firewall", "azurerm_key_vault_access_policy",
	"google_compute_firewall", "google_kms_", "google_project_iam_", "google_service_account",
}

touches_security if {
	some change in input.plan.changes
	not change.action in {"none", "read"}
	some prefix in watched
	startswith(change.type, prefix)
}

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
	team in review.session.teams
}

signed_off if {
	input.plan.changes # without a plan nobody can tell
	not touches_security
}

signed_off if count(approved_by) > 0

approve if {
	signed_off
	not reject
}

reject if count(input.reviews.current.rejections) > 0

needed := 1 if touches_security

missing contains {"msg": sprintf("1 of team %s", [team]), "count": 1, "team": team} if not signed_off
