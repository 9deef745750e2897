# METADATA
# title: Images are pinned by digest
# description: |
#   A tag can move to other bytes between the trial and the rollout, so what was tried is not what
#   runs. On a Kafka Connect cluster the worker's image also brings the converters and transforms of
#   every connector on it. A tag that looks like a digest is a tag.
# custom:
#   id: artifact/image-pinned
#   control_point: artifact immutability
#   remedy: write the image as name@sha256:<64 hex digits>, with the digest that its registry shows
#   rings: [warn, fail, fail]
#   needs: [head]
package connectgate.artifact.image_pinned

import data.connectgate.lib.image
import rego.v1

images := image.of(input.release)

not_applicable contains "the release names no image" if count(images) == 0

findings contains {
	"pointer": pointer,
	"message": message(pointer, reference),
	"expected": "name@sha256:<64 hex digits>",
	"found": reference,
} if {
	some pointer, reference in images
	not image.pinned(reference)
}

message(pointer, reference) := sprintf("image %q was pinned by digest and no longer is", [reference]) if {
	image.pinned(image.of(input.base)[pointer])
} else := sprintf("image %q only looks pinned: a digest is @sha256: and 64 lower-case hex digits", [reference]) if {
	regex.match(`(?i)sha256[:-]`, reference)
} else := sprintf("image %q is not pinned: its tag can move to other bytes", [reference])
