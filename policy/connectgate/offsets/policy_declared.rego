# METADATA
# title: The offset policy is declared
# description: |
#   On an upgrade a connector goes on where it stopped, stops, or starts elsewhere: each loses or
#   repeats something else. Undeclared, the first restart decides.
# custom:
#   id: offsets/policy-declared
#   control_point: offset policy
#   layer: contract
#   remedy: set spec.offsets.policy to preserve, stop, alter or reset
#   rings: [warn, fail, fail]
#   needs: [head]
package connectgate.offsets.policy_declared

import rego.v1

policies := ["preserve", "stop", "alter", "reset"]

policy := input.release.spec.offsets.policy

findings contains {
	"pointer": "/spec/offsets/policy",
	"message": message,
	"expected": concat(", ", policies),
	"found": policy,
} if {
	not policy in policies
}

message := "the release declares no offset policy" if {
	policy == ""
} else := sprintf("offset policy %q does not exist", [policy])
