# METADATA
# title: Say what is destroyed
# description: >
#   Warns of everything that is destroyed or replaced, whatever the tool. A warning keeps a stack with
#   `start: automatic` from applying by itself.
package slipway

import rego.v1

warn contains {"msg": sprintf("%s is %s", [change.address, verb]), "resource": change.address} if {
	some change in input.plan.changes
	verb := {"delete": "destroyed", "replace": "replaced (destroy, then create)"}[change.action]
}
