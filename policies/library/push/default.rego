# METADATA
# title: Default push policy
# description: >
#   What happens where no push policy is attached. A pull request onto the stack's branch is proposed when
#   it changes what the stack is made of, drafts included; a push to that branch is tracked. Everything
#   else is ignored.
package slipway

import rego.v1

# The stack's directory, its globs, and what it uses elsewhere.
concerned if count(input.concern.files) > 0

propose if {
	concerned
	not input.pull_request.closed
	input.pull_request.base.branch == input.stack.branch
}

track if {
	concerned
	input.pull_request == null
	input.push.tag == ""
	input.push.branch == input.stack.branch
}
