package connectgate.release.ring_known_test

import data.connectgate.release.ring_known as rule
import rego.v1

message(ring) := result if {
	result := [finding.message | some finding in rule.findings][0] with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/spec/ring", "value": ring}],
	)
}

test_fires_without_a_ring if {
	message(0) == "the release states no ring and is judged as ring 3"
}

test_fires_on_an_unknown_ring if {
	startswith(message(4), "ring 4 does not exist")
}

test_silent_on_a_known_ring if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}
