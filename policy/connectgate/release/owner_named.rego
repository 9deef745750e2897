# METADATA
# title: The release has an owner
# description: |
#   Somebody decides about a release, approves what it breaks and is called when its tasks fail. A
#   connector that nobody owns is upgraded by whoever owns the cluster.
# custom:
#   id: release/owner-named
#   control_point: release decision
#   layer: contract
#   remedy: set metadata.owner to a team or a person, such as "@acme/billing"
#   rings: [warn, fail, fail]
#   needs: [head]
package connectgate.release.owner_named

import rego.v1

findings contains {
	"pointer": "/metadata/owner",
	"message": "the release names no owner",
	"expected": "a team or a person",
	"found": "",
} if {
	trim_space(input.release.metadata.owner) == ""
}
