# METADATA
# title: The owner approved
# description: |
#   The ring says how many people must approve for the owner. Approvals of an older state of the
#   release do not count, and neither do those of a new owner for the old one.
# custom:
#   id: release/approved
#   control_point: release decision
#   layer: contract
#   remedy: ask the owner for approval of this state of the release
#   rings: [fail, fail, fail]
#   needs: [approvals]
package connectgate.release.approved

import data.connectgate.lib.approval
import rego.v1

required := input.ring.approvals

not_applicable contains sprintf("ring %d requires no approval", [input.ring.id]) if required == 0

findings contains {
	"pointer": "/metadata/owner",
	"message": sprintf("%d of %d approvals by %s", [count(approval.counted), required, approver]),
	"expected": sprintf("%d", [required]),
	"found": concat(", ", approval.counted),
} if {
	count(approval.counted) < required
}

approver := "the owner, whom nobody named" if {
	approval.owner == ""
} else := approval.owner
