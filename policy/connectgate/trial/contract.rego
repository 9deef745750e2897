# METADATA
# title: The new version writes what the old one writes
# description: |
#   On the same records both versions have to leave the same content behind. Validation and task
#   states do not see this: a sink that deletes rows is RUNNING. A trial that ran and failed fails in
#   every ring; what contract.accepts names only warns.
# custom:
#   id: trial/contract
#   control_point: destination validation
#   remedy: restore the old behaviour in the configuration, or accept the change in contract.accepts with its consumers' approval
#   rings: [fail, fail, fail]
#   needs: [base, head, evidence.trial/contract]
package connectgate.trial.contract

import data.connectgate.lib.trial
import rego.v1

contract := input.evidence["trial/contract"]

not_evaluated contains trial.unable(contract)

findings contains trial.broken(contract)

findings contains object.union(trial.blamed, {
	"message": message,
	"expected": "what the old version writes",
	"found": sprintf("%d differences", [count(contract.differences)]),
	"differences": contract.differences,
}) if {
	contract.status == "fail"
	contract.failure == null
}

findings contains {
	"pointer": "/spec/contract/accepts",
	"message": sprintf("accepted differences: %d", [count(contract.accepted)]),
	"expected": "what the old version writes",
	"found": "",
	"severity": "warn",
	"differences": contract.accepted,
} if {
	count(contract.accepted) > 0
}

kinds := {difference.kind | some difference in contract.differences}

message := "the new version deletes rows that the old one keeps" if {
	kinds == {"removed"}
	every difference in contract.differences {
		startswith(difference.cause, "after a tombstone")
	}
} else := "the new version leaves out rows that the old one writes" if {
	kinds == {"removed"}
} else := "the new version writes rows that the old one does not" if {
	kinds == {"added"}
} else := "the new version writes other values than the old one" if {
	count(kinds) > 0
} else := contract.summary
