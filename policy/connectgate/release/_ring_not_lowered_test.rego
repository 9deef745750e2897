package connectgate.release.ring_not_lowered_test

import data.connectgate.release.ring_not_lowered as rule
import rego.v1

lowered := json.patch(data.fixture.upgrade, [{"op": "replace", "path": "/release/spec/ring", "value": 1}])

approved(owner) := json.patch(lowered, [{
	"op": "replace", "path": "/approvals",
	"value": [{"login": "ann", "owner": owner, "commit": "c", "fresh": true}],
}])

test_fires_on_a_lower_ring if {
	some finding in rule.findings with input as lowered
	finding.message == "ring 2 is lowered to 1"
	not finding.severity
}

test_fires_as_a_warning_with_the_owners_approval if {
	some finding in rule.findings with input as approved("@acme/billing")
	finding.severity == "warn"
}

test_fires_with_the_approval_of_another if {
	some finding in rule.findings with input as approved("@acme/other")
	not finding.severity
}

test_silent_on_the_same_ring if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}

test_silent_on_a_raised_ring if {
	count(rule.findings) == 0 with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/spec/ring", "value": 3}],
	)
}
