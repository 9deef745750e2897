# METADATA
# title: A version keeps its bytes
# description: |
#   The same coordinates, tag or release number with another digest means that two different things
#   bear one name: nobody can tell which one runs, and a rollback to that name restores either.
# custom:
#   id: artifact/same-version-new-bytes
#   control_point: artifact immutability
#   remedy: publish the new bytes under a new version and give the release a new number
#   rings: [warn, fail, fail]
#   needs: [base, head]
package connectgate.artifact.same_version_new_bytes

import data.connectgate.lib.image
import rego.v1

old := input.base.spec

new := input.release.spec

findings contains {
	"pointer": sprintf("/spec/artifact/plugins/%d/sha256", [i]),
	"message": sprintf("plugin %s keeps its version and changes its bytes", [source(plugin)]),
	"expected": before.sha256,
	"found": plugin.sha256,
} if {
	some i, plugin in new.artifact.plugins
	some before in old.artifact.plugins
	source(plugin) == source(before)
	source(plugin) != ""
	rebuilt(before.sha256, plugin.sha256)
}

findings contains {
	"pointer": pointer,
	"message": sprintf("image %s keeps its tag and changes its bytes", [image.tagged(reference)]),
	"expected": image.digest(before),
	"found": image.digest(reference),
} if {
	some pointer, reference in image.worker(input.release)
	before := image.worker(input.base)[pointer]
	image.tagged(before) == image.tagged(reference)
	image.tagged(before) != image.name(before)
	image.digest(before) != image.digest(reference)
}

findings contains {
	"pointer": "/spec/release",
	"message": sprintf("release %s changes its plugins without a new number", [new.release]),
	"expected": "another release number than at base",
	"found": new.release,
} if {
	new.release != ""
	new.release == old.release
	checksums(new) != checksums(old)
}

# A plugin of the repository itself (path) is versioned by git.
source(plugin) := concat("", [plugin.maven, plugin.url])

rebuilt(before, after) if {
	before != ""
	after != ""
	before != after
}

checksums(spec) := {plugin.sha256 | some plugin in spec.artifact.plugins; plugin.sha256 != ""}
