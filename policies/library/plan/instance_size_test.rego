package slipway_test

import rego.v1

import data.slipway.deny

planned(before, after, labels) := {
	"terraform": {"resource_changes": [{
		"address": "aws_instance.web",
		"change": {"before": before, "after": after},
	}]},
	"spacelift": {"stack": {"labels": labels}},
}

test_too_large if {
	some finding in deny with input as planned(null, {"instance_type": "m5.8xlarge"}, [])
	finding.msg == "aws_instance.web would be a m5.8xlarge, and the largest size allowed is 4xlarge"
	finding.resource == "aws_instance.web"
}

test_sizes_in_order if {
	count(deny) == 0 with input as planned(null, {"instance_type": "m5.4xlarge"}, [])
	count(deny) == 0 with input as planned(null, {"instance_class": "db.t3.micro"}, [])
	count(deny) == 1 with input as planned(null, {"instance_class": "db.r6g.12xlarge"}, [])
	count(deny) == 1 with input as planned(null, {"instance_type": "m5.metal"}, [])
	count(deny) == 1 with input as planned(null, {"instance_type": "m7i.metal-24xl"}, [])
}

test_what_is_large_already_may_stay if {
	large := {"instance_type": "m5.8xlarge"}
	count(deny) == 0 with input as planned(large, large, [])
	count(deny) == 1 with input as planned({"instance_type": "m5.large"}, large, [])
}

test_a_label_lifts_the_limit if {
	count(deny) == 0 with input as planned(null, {"instance_type": "m5.8xlarge"}, ["allow-large-machines"])
}

test_what_goes_is_left_alone if {
	count(deny) == 0 with input as planned({"instance_type": "m5.8xlarge"}, null, [])
}
