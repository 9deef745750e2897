package connectgate.offsets.policy_declared_test

import data.connectgate.offsets.policy_declared as rule
import rego.v1

message(policy) := result if {
	result := [finding.message | some finding in rule.findings][0] with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/spec/offsets/policy", "value": policy}],
	)
}

test_fires_without_a_policy if {
	message("") == "the release declares no offset policy"
}

test_fires_on_an_unknown_policy if {
	message("keep") == `offset policy "keep" does not exist`
}

test_silent_on_a_policy if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}
