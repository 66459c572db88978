# METADATA
# title: No machine is larger than agreed
# description: >
#   Denies creating AWS machines, databases and cache nodes of a size above the one below, or changing one to
#   such a size. Write another size for another limit; a stack with the label `allow-large-machines` is free.
package slipway

import rego.v1

largest := "4xlarge"

attributes := {"instance_type", "instance_class", "node_type", "cache_node_type"}

deny contains {
	"msg": sprintf("%s would be a %s, and the largest size allowed is %s", [change.address, kind, largest]),
	"resource": change.address,
} if {
	some change in input.terraform.resource_changes
	some attribute in attributes
	kind := change.change.after[attribute]
	rank(size(kind)) > rank(largest)
	before := object.get(change.change, "before", null)
	not unchanged(before, attribute, kind)
	not "allow-large-machines" in input.spacelift.stack.labels
}

unchanged(before, attribute, kind) if before[attribute] == kind

# "db.r6g.2xlarge" → "2xlarge"
size(kind) := parts[count(parts) - 1] if parts := split(kind, ".")

rank(word) := {"nano": 0, "micro": 1, "small": 2, "medium": 3, "large": 4, "xlarge": 5}[word]

rank(word) := 4 + to_number(trim_suffix(word, "xlarge")) if regex.match(`^[0-9]+xlarge$`, word)

# Bare metal is the whole machine.
rank(word) := 1000 if startswith(word, "metal")
