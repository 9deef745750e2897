# METADATA
# title: The new version starts and moves a record
# description: |
#   RUNNING alone proves nothing: validation, class loading and the first record each break on their
#   own. A trial that ran and failed fails in every ring.
# custom:
#   id: trial/startup
#   control_point: compatibility test
#   remedy: repair what the worker's log names, or keep the old version
#   rings: [fail, fail, fail]
#   needs: [head, evidence.trial/startup]
package connectgate.trial.startup

import data.connectgate.lib.trial
import rego.v1

startup := input.evidence["trial/startup"]

not_evaluated contains trial.unable(startup)

findings contains trial.broken(startup)

findings contains object.union(trial.blamed, {
	"message": startup.summary,
	"expected": "the new version runs",
	"found": "",
}) if {
	startup.status == "fail"
	startup.failure == null
}
