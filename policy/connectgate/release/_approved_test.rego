package connectgate.release.approved_test

import data.connectgate.release.approved as rule
import rego.v1

approvals(list) := json.patch(data.fixture.upgrade, [{"op": "replace", "path": "/approvals", "value": list}])

by(login, owner, fresh) := {"login": login, "owner": owner, "commit": "c", "fresh": fresh}

test_fires_without_an_approval if {
	some finding in rule.findings with input as approvals([])
	finding.message == "0 of 1 approvals by @acme/billing"
}

test_fires_on_approvals_that_do_not_count if {
	count(rule.findings) == 1 with input as approvals([by("ann", "@acme/billing", false), by("bob", "@acme/other", true)])
}

test_fires_when_one_person_approves_twice if {
	twice := approvals([by("ann", "@acme/billing", true), by("ann", "@acme/billing", true)])
	count(rule.findings) == 1 with input as json.patch(twice, [{"op": "replace", "path": "/ring/approvals", "value": 2}])
}

test_fires_without_an_owner if {
	some finding in rule.findings with input as json.patch(approvals([by("ann", "@acme/billing", true)]), [
		{"op": "replace", "path": "/base", "value": null},
		{"op": "replace", "path": "/release/metadata/owner", "value": ""},
	])
	finding.message == "0 of 1 approvals by the owner, whom nobody named"
}

test_silent_with_enough_approvals if {
	count(rule.findings) == 0 with input as approvals([by("ann", "@acme/billing", true)])
}

test_silent_where_the_ring_requires_none if {
	count(rule.not_applicable) == 1 with input as json.patch(
		approvals([]),
		[{"op": "replace", "path": "/ring/approvals", "value": 0}],
	)
}
