# METADATA
# title: Nobody lives with a deleted release
# description: |
#   A deleted connector stops writing without an error anywhere: those who read what it wrote see
#   old data. A release that had consumers at base is judged by them when it goes.
# custom:
#   id: release/deletion-agreed
#   control_point: release decision
#   layer: contract
#   remedy: take the consumers out of the manifest first, in a change of their own that they agree to
#   rings: [warn, fail, fail]
#   needs: [base]
package connectgate.release.deletion_agreed

import rego.v1

not_applicable contains "the release is not deleted" if not input.deleted

findings contains {
	"pointer": "/spec/consumers",
	"message": sprintf("the release is deleted while %s still lives with what it writes", [concat(", ", consumers)]),
	"expected": "no consumers at base",
	"found": concat(", ", consumers),
} if {
	input.deleted
	count(consumers) > 0
}

consumers := {consumer.name | some consumer in input.base.spec.consumers}
