package slipway_test

import rego.v1

import data.slipway.deny

planned(actions, after, unknown) := {"terraform": {"resource_changes": [{
	"address": "aws_s3_bucket.audit",
	"change": {"actions": actions, "after": after, "after_unknown": unknown},
}]}}

test_a_tag_is_missing if {
	some finding in deny with input as planned(["create"], {"tags": {"team": "web"}}, {})
	finding.msg == "aws_s3_bucket.audit has no tag owner"
	finding.resource == "aws_s3_bucket.audit"
}

test_no_tags_at_all if {
	count(deny) == 1 with input as planned(["create"], {"tags": null}, {})
}

test_an_empty_tag_is_none if {
	count(deny) == 1 with input as planned(["update"], {"tags": {"owner": ""}}, {})
}

test_all_is_well if {
	count(deny) == 0 with input as planned(["create"], {"tags": {"owner": "ada"}}, {})
}

test_known_later_counts if {
	count(deny) == 0 with input as planned(["create"], {"tags": {}}, {"tags": {"owner": true}})
	count(deny) == 0 with input as planned(["create"], {}, {"tags": true})
}

test_a_type_without_tags_is_left_alone if {
	count(deny) == 0 with input as planned(["create"], {"triggers_replace": null}, {})
}

test_what_goes_needs_no_tags if {
	count(deny) == 0 with input as planned(["delete"], null, {})
	count(deny) == 0 with input as planned(["no-op"], {"tags": {}}, {})
}
