package connectgate.observability.dead_letter_topic_test

import data.connectgate.observability.dead_letter_topic as rule
import rego.v1

without_topic := json.patch(
	data.fixture.upgrade,
	[{"op": "remove", "path": "/release/config/errors.deadletterqueue.topic.name"}],
)

without_declaration := json.patch(without_topic, [{"op": "replace", "path": "/release/spec/topics/deadLetter", "value": null}])

test_fires_on_records_that_are_dropped if {
	some finding in rule.findings with input as without_declaration
	startswith(finding.message, "the sink drops bad records in silence")
}

test_fires_where_only_the_manifest_declares_a_topic if {
	some finding in rule.findings with input as without_topic
	startswith(finding.message, "dead letter topic invoices.dlq is declared")
}

test_fires_on_a_pattern_of_topics if {
	count(rule.findings) == 1 with input as json.patch(without_topic, [
		{"op": "remove", "path": "/release/config/topics"},
		{"op": "add", "path": "/release/config/topics.regex", "value": "invoices.*"},
		{"op": "replace", "path": "/release/spec/destination", "value": null},
	])
}

test_silent_with_a_topic if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}

test_silent_where_errors_are_not_tolerated if {
	strict := json.patch(without_topic, [{"op": "replace", "path": "/release/config/errors.tolerance", "value": "none"}])
	count(rule.findings) == 0 with input as strict
	count(rule.not_applicable) == 1 with input as strict
}

test_silent_on_sources if {
	source := json.patch(without_topic, [
		{"op": "remove", "path": "/release/config/topics"},
		{"op": "replace", "path": "/release/spec/destination", "value": null},
	])
	count(rule.findings) == 0 with input as source
	count(rule.not_applicable) == 1 with input as source
}
