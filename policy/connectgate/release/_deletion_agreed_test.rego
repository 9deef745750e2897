package connectgate.release.deletion_agreed_test

import data.connectgate.release.deletion_agreed as rule
import rego.v1

deleted := json.patch(data.fixture.upgrade, [{"op": "replace", "path": "/deleted", "value": true}])

test_fires_while_consumers_are_left if {
	some finding in rule.findings with input as deleted
	contains(finding.message, "revenue-report")
}

test_silent_without_consumers if {
	count(rule.findings) == 0 with input as json.patch(
		deleted,
		[{"op": "replace", "path": "/base/spec/consumers", "value": []}],
	)
}

test_silent_while_the_release_stays if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
	count(rule.not_applicable) == 1 with input as data.fixture.upgrade
}
