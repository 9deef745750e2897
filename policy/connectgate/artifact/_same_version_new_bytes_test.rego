package connectgate.artifact.same_version_new_bytes_test

import data.connectgate.artifact.same_version_new_bytes as rule
import rego.v1

pointers(patches) := result if {
	result := {finding.pointer | some finding in rule.findings} with input as json.patch(data.fixture.upgrade, patches)
}

old := data.fixture.upgrade.base.spec

test_fires_on_rebuilt_coordinates if {
	pointers([{
		"op": "replace", "path": "/release/spec/artifact/plugins/0/maven",
		"value": old.artifact.plugins[0].maven,
	}]) == {"/spec/artifact/plugins/0/sha256"}
}

test_fires_on_a_moved_tag if {
	digest := "sha256:ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	pointers([{
		"op": "replace", "path": "/release/runtime/image",
		"value": concat("@", ["example.org/connect:3.9.1", digest]),
	}]) == {"/runtime/image"}
}

test_fires_on_the_same_release_number if {
	pointers([{"op": "replace", "path": "/release/spec/release", "value": old.release}]) == {"/spec/release"}
}

test_silent_on_a_new_version if {
	pointers([]) == set()
}

test_silent_on_a_checksum_that_is_added if {
	pointers([
		{"op": "replace", "path": "/release/spec/artifact/plugins/0/maven", "value": old.artifact.plugins[0].maven},
		{"op": "replace", "path": "/base/spec/artifact/plugins/0/sha256", "value": ""},
	]) == set()
}
