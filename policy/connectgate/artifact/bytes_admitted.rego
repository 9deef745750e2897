# METADATA
# title: The bytes are what the manifest says
# description: |
#   Before anything starts, images are resolved to their digests and archives are fetched, verified
#   and looked through. What is missing, refused or different does not run.
# custom:
#   id: artifact/bytes-admitted
#   control_point: artifact immutability
#   remedy: name bytes that exist where the configuration allows them, with their real digest or checksum
#   admission: true
#   rings: [fail, fail, fail]
#   needs: [head, evidence.admission]
package connectgate.artifact.bytes_admitted

import data.connectgate.lib.trial
import rego.v1

admission := input.evidence.admission

not_evaluated contains trial.unable(admission)

# What was already refused at base is refused all the same.
findings contains object.union(trial.broken(admission), {
	"severity": "fail",
	"message": admission.failure.message,
	"expected": "bytes that exist, are allowed and match",
})

findings contains object.union(trial.blamed, {
	"message": admission.summary,
	"expected": "bytes that exist, are allowed and match",
	"found": "",
}) if {
	admission.status == "fail"
	admission.failure == null
}
