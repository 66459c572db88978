# METADATA
# title: Default approval policy
# description: >
#   What holds where no approval policy is attached: nobody has to approve. That permits no apply by itself.
#   An apply still needs the stack's `start: automatic` or a confirmation by somebody who may write, and a
#   change that came without a merged pull request always needs the confirmation.
package slipway

import rego.v1

approve := true
