# Whose approvals count.
package connectgate.lib.approval

import rego.v1

# owner decides: the one at base, so that nobody takes a release over by renaming its owner.
owner := input.base.metadata.owner if {
	input.base.metadata.owner != ""
} else := input.release.metadata.owner

# counted are the people who approved for the owner what head would release.
counted contains approval.login if {
	some approval in input.approvals
	approval.fresh
	approval.owner == owner
}
