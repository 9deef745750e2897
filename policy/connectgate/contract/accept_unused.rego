# METADATA
# title: Accepted differences occur
# description: |
#   An entry of contract.accepts that no difference matched accepts something unknown: it is a slip of
#   the pen, or it is left over from an earlier release and waits for the next breakage.
# custom:
#   id: contract/accept-unused
#   control_point: destination validation
#   layer: contract
#   remedy: remove the entry, or correct its path, kind and digests
#   rings: [warn, warn, fail]
#   needs: [head, evidence.trial/contract]
package connectgate.contract.accept_unused

import rego.v1

contract := input.evidence["trial/contract"]

accepts := input.release.spec.contract.accepts

not_applicable contains "nothing is accepted (contract.accepts)" if count(accepts) == 0

findings contains {
	"pointer": sprintf("/spec/contract/accepts/%d", [i]),
	"message": sprintf("nothing that differs is %s at %s between these digests", [accept.kind, accept.path]),
	"expected": "a difference that the entry accepts",
	"found": accept.path,
} if {
	some i, accept in accepts
	not used(accept)
}

used(accept) if {
	some difference in contract.accepted
	accept.path in {"*", difference.path}
	accept.kind == difference.kind
	ran("base", accept.base)
	ran("head", accept.head)
}

ran(side, digest) if {
	some subject in contract.subjects
	subject.side in {side, ""}
	subject.digest == digest
}
