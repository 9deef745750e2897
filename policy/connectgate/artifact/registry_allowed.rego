# METADATA
# title: Images come from an allowed registry
# description: |
#   A connector's worker runs with access to brokers, secrets and destinations. Bytes from a registry
#   that the target branch does not allow never start, not even in a trial.
# custom:
#   id: artifact/registry-allowed
#   control_point: artifact immutability
#   remedy: use an image of an allowed registry, or allow this one in images.registries on the target branch
#   admission: true
#   rings: [fail, fail, fail]
#   needs: [head]
package connectgate.artifact.registry_allowed

import data.connectgate.lib.image
import rego.v1

registries := input.config.images.registries

not_applicable contains "no registries are configured (images.registries)" if count(registries) == 0

findings contains {
	"pointer": pointer,
	"message": sprintf("image %q comes from a registry that is not allowed", [reference]),
	"expected": concat(", ", registries),
	"found": image.name(reference),
} if {
	some pointer, reference in image.of(input.release)
	not allowed(image.name(reference))
}

# A prefix ends at a slash: example.org/team allows neither example.org/teams nor example.org.evil.
allowed(name) if {
	some registry in registries
	startswith(sprintf("%s/", [name]), sprintf("%s/", [trim_right(registry, "/")]))
}
