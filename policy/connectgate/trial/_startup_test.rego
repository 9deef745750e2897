package connectgate.trial.startup_test

import data.connectgate.trial.startup as rule
import rego.v1

started(status, failure) := json.patch(data.fixture.upgrade, [{
	"op": "add", "path": "/evidence/trial~1startup",
	"value": object.union(data.fixture.evidence, {"status": status, "summary": "told", "failure": failure}),
}])

finding(failure) := result if {
	result := [found | some found in rule.findings][0] with input as started("fail", failure)
}

side(name) := object.union(data.fixture.failure, {"side": name})

test_fires_at_the_likeliest_cause if {
	finding(side("head")).pointer == "/spec/artifact/plugins/0/maven"
	finding(side("head")).message == "the new version does not run: it broke"
}

test_fires_at_what_the_trial_names if {
	finding(object.union(side("head"), {"pointer": "/config/topics"})).pointer == "/config/topics"
}

test_fires_at_a_file_of_its_own if {
	position := {"file": "schema.sql", "line": 3, "column": 1}
	finding(object.union(side("head"), {"position": position})).position == position
}

test_fires_as_a_warning_on_what_was_broken_before if {
	finding(side("both")).severity == "warn"
}

test_fires_without_a_named_failure if {
	finding(null).message == "told"
}

test_fires_at_base_on_what_is_gone if {
	gone := json.patch(started("fail", null), [{"op": "replace", "path": "/changes", "value": [{
		"layer": "configuration", "kind": "removed", "path": "a", "pointer": "/config/a", "runs": true,
	}]}])
	some found in rule.findings with input as gone
	found.side == "base"
}

test_fires_without_any_change if {
	unchanged := json.patch(started("fail", null), [{"op": "replace", "path": "/changes", "value": []}])
	some found in rule.findings with input as unchanged
	found.pointer == "/spec"
}

test_silent_on_a_start if {
	count(rule.findings) == 0 with input as started("pass", null)
}

test_silent_where_the_old_version_failed if {
	count(rule.findings) == 0 with input as started("fail", side("base"))
	count(rule.not_evaluated) == 1 with input as started("fail", side("base"))
}

test_silent_on_infrastructure if {
	count(rule.findings) == 0 with input as started("fail", object.union(side("head"), {"class": "infrastructure"}))
}
