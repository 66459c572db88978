package slipway_test

import data.slipway
import rego.v1

plan(after) := {"terraform": {"resource_changes": [{
	"address": "terraform_data.x",
	"change": {"actions": ["create"], "after": {"input": after}},
}]}}

test_what_has_an_owner_passes if {
	count(slipway.deny) == 0 with input as plan({"owner": "ada"})
}

test_what_has_none_is_denied if {
	some message in slipway.deny with input as plan({"name": "x"})
	message.resource == "terraform_data.x"
}
