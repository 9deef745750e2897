# METADATA
# title: Plugin archives carry a checksum
# description: |
#   Maven coordinates and URLs name a place, not bytes: a repository can serve another archive
#   tomorrow, and every worker that starts then runs it.
# custom:
#   id: artifact/plugin-checksum
#   control_point: artifact immutability
#   remedy: write the SHA-256 of the archive into sha256, as 64 lower-case hex digits
#   rings: [warn, fail, fail]
#   needs: [head]
package connectgate.artifact.plugin_checksum

import rego.v1

plugins := input.release.spec.artifact.plugins

not_applicable contains "the release adds no plugin to the worker's image" if count(plugins) == 0

findings contains {
	"pointer": sprintf("/spec/artifact/plugins/%d/sha256", [i]),
	"message": message(plugin),
	"expected": "64 lower-case hex digits",
	"found": plugin.sha256,
} if {
	some i, plugin in plugins
	not regex.match(`^[0-9a-f]{64}$`, plugin.sha256)
}

message(plugin) := sprintf("plugin %s has no checksum", [name(plugin)]) if {
	plugin.sha256 == ""
} else := sprintf("%q is no checksum of plugin %s", [plugin.sha256, name(plugin)])

# Exactly one of the three is set.
name(plugin) := concat("", [plugin.maven, plugin.url, plugin.path])
