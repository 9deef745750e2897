package connectgate.release.owner_named_test

import data.connectgate.release.owner_named as rule
import rego.v1

test_fires_without_an_owner[owner] if {
	some owner in ["", " "]
	count(rule.findings) == 1 with input as json.patch(
		data.fixture.upgrade,
		[{"op": "replace", "path": "/release/metadata/owner", "value": owner}],
	)
}

test_silent_with_an_owner if {
	count(rule.findings) == 0 with input as data.fixture.upgrade
}
