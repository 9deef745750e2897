# METADATA
# title: The release has a ring
# description: |
#   The ring says what a wrong release costs and so what it must prove. A release without one, or
#   with one that does not exist, is judged as ring 3, the strictest.
# custom:
#   id: release/ring-known
#   control_point: release decision
#   layer: contract
#   remedy: set spec.ring to 1 (internal), 2 (business critical) or 3 (external side effects)
#   rings: [fail, fail, fail]
#   needs: [head]
package connectgate.release.ring_known

import rego.v1

ring := input.release.spec.ring

findings contains {
	"pointer": "/spec/ring",
	"message": message,
	"expected": "1, 2 or 3",
	"found": sprintf("%d", [ring]),
} if {
	not ring in {1, 2, 3}
}

message := "the release states no ring and is judged as ring 3" if {
	ring == 0
} else := sprintf("ring %d does not exist; the release is judged as ring 3", [ring])
