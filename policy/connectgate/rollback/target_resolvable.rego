# METADATA
# title: The rollback leads to the release at base
# description: |
#   When an upgrade goes wrong the way back must be known before: the release that runs now, by its
#   number. A target that is not the base's release has never run beside these offsets and topics.
# custom:
#   id: rollback/target-resolvable
#   control_point: rollback path
#   layer: contract
#   remedy: set spec.rollback.to to the release at base
#   rings: [warn, fail, fail]
#   needs: [base, head]
package connectgate.rollback.target_resolvable

import rego.v1

target := input.release.spec.rollback.to

old := input.base.spec

# A change that releases nothing new (same number) may keep the target it had.
known contains old.release if old.release != ""

known contains old.rollback.to if {
	old.release == input.release.spec.release
	old.rollback.to != ""
}

findings contains {
	"pointer": "/spec/rollback/to",
	"message": message,
	"expected": concat(" or ", known),
	"found": target,
} if {
	not target in known
}

message := "the release names no rollback target" if {
	target == ""
} else := sprintf("rollback target %s cannot be found: the base has no release number", [target]) if {
	old.release == ""
} else := sprintf("rollback target %s is not the release at base, %s", [target, old.release])
