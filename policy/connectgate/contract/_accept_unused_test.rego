package connectgate.contract.accept_unused_test

import data.connectgate.contract.accept_unused as rule
import rego.v1

accept := {"path": "invoices", "kind": "removed", "reason": "wanted", "base": "sha256:a", "head": "sha256:b"}

accepting(entry) := json.patch(data.fixture.upgrade, [
	{"op": "replace", "path": "/release/spec/contract/accepts", "value": [entry]},
	{"op": "add", "path": "/evidence/trial~1contract", "value": object.union(data.fixture.evidence, {
		"status": "warn",
		"accepted": [{"identity": "id=1", "path": "invoices", "kind": "removed", "base": "", "head": "", "cause": ""}],
		"subjects": [
			{"side": "base", "name": "a", "digest": "sha256:a", "version": ""},
			{"side": "head", "name": "b", "digest": "sha256:b", "version": ""},
		],
	})},
])

test_fires_on_an_entry_that_matches_nothing[field] if {
	some field, value in {"path": "receipts", "kind": "added", "base": "sha256:b", "head": "sha256:c"}
	count(rule.findings) == 1 with input as accepting(object.union(accept, {field: value}))
}

test_silent_on_an_entry_that_matches[path] if {
	some path in ["invoices", "*"]
	count(rule.findings) == 0 with input as accepting(object.union(accept, {"path": path}))
}

test_silent_without_entries if {
	count(rule.not_applicable) == 1 with input as data.fixture.upgrade
}
