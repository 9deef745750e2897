# What image references say, and where a release names them.
package connectgate.lib.image

import rego.v1

# pinned: the digest, and not a tag, decides about the bytes.
pinned(reference) if regex.match(`^[^@\s]+@sha256:[0-9a-f]{64}$`, reference)

# digest of a pinned reference.
digest(reference) := split(reference, "@")[1] if pinned(reference)

# tagged is the reference without its digest.
tagged(reference) := regex.replace(reference, `@.*$`, "")

# name is the reference without digest and tag: registry and repository.
name(reference) := regex.replace(tagged(reference), `:[^:/]*$`, "")

# of are the images of a release by their pointers.
of(release) := object.union(worker(release), services(release))

worker(release) := {"/runtime/image": release.runtime.image} if {
	release.runtime.image != ""
} else := {}

services(release) := {sprintf("/spec/trial/services/%s/image", [token(name)]): service.image |
	some name, service in release.spec.trial.services
}

# token is a name as a JSON pointer writes it.
token(name) := replace(replace(name, "~", "~0"), "/", "~1")
