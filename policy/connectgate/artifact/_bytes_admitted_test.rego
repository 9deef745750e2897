package connectgate.artifact.bytes_admitted_test

import data.connectgate.artifact.bytes_admitted as rule
import rego.v1

admitted(status, failure) := json.patch(data.fixture.upgrade, [{
	"op": "add", "path": "/evidence/admission",
	"value": object.union(data.fixture.evidence, {"status": status, "summary": "told", "failure": failure}),
}])

refused := object.union(data.fixture.failure, {"class": "artifact", "pointer": "/runtime/image"})

test_fires_on_refused_bytes if {
	some finding in rule.findings with input as admitted("fail", refused)
	finding.pointer == "/runtime/image"
	finding.message == "it broke"
}

test_fires_fully_on_what_was_refused_before if {
	some finding in rule.findings with input as admitted("fail", object.union(refused, {"side": "both"}))
	finding.severity == "fail"
}

test_fires_without_a_named_failure if {
	some finding in rule.findings with input as admitted("fail", null)
	finding.message == "told"
}

test_silent_on_admitted_bytes if {
	count(rule.findings) == 0 with input as admitted("pass", null)
}

test_silent_when_the_registry_does_not_answer if {
	down := object.union(refused, {"class": "infrastructure"})
	count(rule.findings) == 0 with input as admitted("fail", down)
	count(rule.not_evaluated) == 1 with input as admitted("fail", down)
}
