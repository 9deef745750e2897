package connectgate.rollback.target_resolvable_test

import data.connectgate.rollback.target_resolvable as rule
import rego.v1

messages(patches) := result if {
	result := {finding.message | some finding in rule.findings} with input as json.patch(data.fixture.upgrade, patches)
}

target(to) := {"op": "replace", "path": "/release/spec/rollback/to", "value": to}

test_fires_without_a_target if {
	messages([target("")]) == {"the release names no rollback target"}
}

test_fires_on_another_release if {
	messages([target("2.3.0")]) == {"rollback target 2.3.0 is not the release at base, 2.4.0"}
}

test_fires_where_the_base_has_no_number if {
	some message in messages([{"op": "replace", "path": "/base/spec/release", "value": ""}])
	contains(message, "the base has no release number")
}

test_silent_on_the_release_at_base if {
	messages([]) == set()
}

test_silent_on_the_old_target_of_the_same_release if {
	messages([target("2.3.0"), {"op": "replace", "path": "/release/spec/release", "value": "2.4.0"}]) == set()
}
