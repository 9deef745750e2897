# METADATA
# title: The ring is not lowered
# description: |
#   A lower ring takes requirements away, in the same change that they would have judged. The change
#   is judged by the stricter ring, and the owner at base has to agree.
# custom:
#   id: release/ring-not-lowered
#   control_point: release decision
#   layer: contract
#   remedy: keep the ring, or have the owner at base approve the lower one
#   rings: [fail, fail, fail]
#   needs: [base, head]
package connectgate.release.ring_not_lowered

import data.connectgate.lib.approval
import rego.v1

old := input.base.spec.ring

new := input.release.spec.ring

findings contains object.union(severity, {
	"pointer": "/spec/ring",
	"message": sprintf("ring %d is lowered to %d", [old, new]),
	"expected": sprintf("%d", [old]),
	"found": sprintf("%d", [new]),
}) if {
	new in {1, 2, 3}
	new < old
}

# With the old owner's approval the change stays visible and no longer blocks.
severity := {"severity": "warn"} if {
	count(approval.counted) > 0
} else := {}
