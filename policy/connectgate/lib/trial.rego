# How a trial's failure is told, and which change is blamed for it.
package connectgate.lib.trial

import rego.v1

# Bytes decide more than settings do, and settings more than promises.
blame_order := ["artifact", "runtime", "configuration", "contract"]

# suspects are the changes of what runs, the likeliest cause first. A checksum
# only follows the archive that it belongs to.
suspects := [change |
	some layer in blame_order
	some checksum in [false, true]
	some change in input.changes
	change.layer == layer
	change.runs
	endswith(change.pointer, "/sha256") == checksum
]

# blamed is where a finding points: what is gone stands at base.
blamed := {"pointer": change.pointer, "side": "base"} if {
	change := suspects[0]
	change.kind == "removed"
} else := {"pointer": suspects[0].pointer, "side": "head"} if {
	true
} else := {"pointer": "/spec", "side": "head"}

# unable says why a failed trial tells nothing about the new version.
unable(evidence) := sprintf("the environment failed: %s", [evidence.failure.message]) if {
	evidence.failure.class == "infrastructure"
} else := sprintf("the old version failed: %s", [evidence.failure.message]) if {
	evidence.failure.side == "base"
}

# broken is the finding about a version that broke instead of writing something else.
broken(evidence) := object.union_n([blamed, severity(failure), at(failure), {
	"message": sprintf("%s: %s", [who(failure), failure.message]),
	"expected": "the new version runs",
	"found": concat("\n", failure.log),
}]) if {
	evidence.status == "fail"
	failure := evidence.failure
	not unable(evidence)
}

who(failure) := "both versions fail alike, so the change is not to blame" if {
	failure.side == "both"
} else := "the new version does not run"

# A failure that was there before only warns.
severity(failure) := {"severity": "warn"} if {
	failure.side == "both"
} else := {}

# at prefers what the trial itself named to the change that is blamed.
at(failure) := {"position": failure.position, "pointer": failure.pointer, "side": "head"} if {
	failure.position.file != ""
} else := {"pointer": failure.pointer, "side": "head"} if {
	failure.pointer != ""
} else := {}
