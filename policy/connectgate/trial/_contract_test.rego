package connectgate.trial.contract_test

import data.connectgate.trial.contract as rule
import rego.v1

compared(differences, accepted) := json.patch(data.fixture.upgrade, [{
	"op": "add", "path": "/evidence/trial~1contract",
	"value": object.union(data.fixture.evidence, {
		"status": ["pass", "fail"][min([count(differences), 1])],
		"summary": "told", "differences": differences, "accepted": accepted,
	}),
}])

messages(differences) := result if {
	result := {finding.message | some finding in rule.findings} with input as compared(differences, [])
}

difference(kind, cause) := {"identity": "id=1", "path": "invoices", "kind": kind, "base": "", "head": "", "cause": cause}

deleted := difference("removed", "after a tombstone (samples/invoices.jsonl:5)")

test_fires_on_deleted_rows if {
	messages([deleted, deleted]) == {"the new version deletes rows that the old one keeps"}
}

test_fires_on_missing_rows if {
	messages([deleted, difference("removed", "after an insert (a.jsonl:1)")]) == {"the new version leaves out rows that the old one writes"}
}

test_fires_on_further_rows if {
	messages([difference("added", "")]) == {"the new version writes rows that the old one does not"}
}

test_fires_on_other_values if {
	messages([difference("changed", ""), deleted]) == {"the new version writes other values than the old one"}
}

test_fires_without_differences if {
	failed := json.patch(compared([], []), [{"op": "replace", "path": "/evidence/trial~1contract/status", "value": "fail"}])
	some finding in rule.findings with input as failed
	finding.message == "told"
}

test_fires_at_the_archive_and_not_at_its_checksum if {
	some finding in rule.findings with input as compared([deleted], [])
	finding.pointer == "/spec/artifact/plugins/0/maven"
	finding.differences == [deleted]
}

test_fires_as_a_warning_on_accepted_differences if {
	some finding in rule.findings with input as compared([], [deleted])
	finding.severity == "warn"
	finding.message == "accepted differences: 1"
}

test_silent_on_equal_rows if {
	messages([]) == set()
}

test_silent_where_the_old_version_failed if {
	failed := json.patch(compared([deleted], []), [{
		"op": "replace", "path": "/evidence/trial~1contract/failure",
		"value": object.union(data.fixture.failure, {"side": "base"}),
	}])
	count(rule.findings) == 0 with input as failed
	count(rule.not_evaluated) == 1 with input as failed
}
