package connectgate.artifact.registry_allowed_test

import data.connectgate.artifact.registry_allowed as rule
import rego.v1

found(registries) := result if {
	result := {finding.found | some finding in rule.findings} with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/config/images/registries", "value": registries}],
	)
}

test_fires_on_another_registry if {
	found(["example.net", "example.org/connect/"]) == {"example.org/postgres"}
}

test_fires_on_a_prefix_of_a_name if {
	found(["example.or", "example.org/con"]) == {"example.org/connect", "example.org/postgres"}
}

test_silent_below_an_allowed_host if {
	found(["example.org"]) == set()
}

test_silent_without_registries if {
	count(rule.not_applicable) == 1 with input as data.fixture.upgrade
}
