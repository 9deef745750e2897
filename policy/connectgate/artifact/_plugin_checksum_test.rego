package connectgate.artifact.plugin_checksum_test

import data.connectgate.artifact.plugin_checksum as rule
import rego.v1

message(sha256) := result if {
	result := [finding.message | some finding in rule.findings][0] with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/spec/artifact/plugins/0/sha256", "value": sha256}],
	)
}

test_fires_without_a_checksum if {
	endswith(message(""), "has no checksum")
}

test_fires_on_something_else if {
	contains(message("0123"), "is no checksum of plugin io.debezium")
}

test_silent_on_checksums if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}

test_silent_without_plugins if {
	count(rule.not_applicable) == 1 with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/spec/artifact/plugins", "value": []}],
	)
}
