package connectgate.artifact.image_pinned_test

import data.connectgate.artifact.image_pinned as rule
import rego.v1

image := "/release/runtime/image"

messages(patches) := result if {
	result := {finding.message | some finding in rule.findings} with input as json.patch(data.fixture.upgrade, patches)
}

# Neither side was ever pinned.
never(reference) := [
	{"op": "replace", "path": image, "value": reference},
	{"op": "replace", "path": "/base/runtime/image", "value": "example.org/connect:3.9.0"},
]

test_fires_on_a_tag if {
	messages(never("example.org/connect:3.9.1")) == {`image "example.org/connect:3.9.1" is not pinned: its tag can move to other bytes`}
}

test_fires_on_what_only_looks_like_a_digest[reference] if {
	some reference in [
		"example.org/connect:sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"example.org/connect@sha256:0123",
		"example.org/connect@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"example.org/connect@SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	]
	some message in messages(never(reference))
	contains(message, "only looks pinned")
}

test_fires_on_the_way_from_digest_to_tag if {
	some message in messages([{"op": "replace", "path": image, "value": "example.org/connect:3.9.1"}])
	endswith(message, "was pinned by digest and no longer is")
}

test_fires_on_a_new_release_and_on_a_service if {
	count(messages([
		{"op": "replace", "path": "/base", "value": null},
		{"op": "replace", "path": "/release/spec/trial/services/db/image", "value": "postgres:16"},
	])) == 1
}

test_silent_on_digests if {
	messages([]) == set()
}

test_silent_without_images if {
	count(rule.not_applicable) == 1 with input as json.patch(data.fixture.upgrade, [
		{"op": "replace", "path": "/release/runtime", "value": null},
		{"op": "replace", "path": "/release/spec/trial/services", "value": {}},
	])
}
