# METADATA
# title: Tolerated errors go to a dead letter topic
# description: |
#   With errors.tolerance=all a sink drops every record that it cannot convert or transform, and its
#   tasks stay RUNNING. Without a dead letter topic these records are lost and nobody sees it.
# custom:
#   id: observability/dead-letter-topic
#   control_point: observability
#   layer: configuration
#   remedy: set errors.deadletterqueue.topic.name in the definition, or errors.tolerance to none
#   rings: [warn, fail, fail]
#   needs: [head]
package connectgate.observability.dead_letter_topic

import rego.v1

config := input.release.config

not_applicable contains "only sinks have dead letter topics" if not sink

not_applicable contains "errors are not tolerated (errors.tolerance)" if not tolerant

# Connect asks every sink for topics or topics.regex, and no source.
sink if config.topics

sink if config["topics.regex"]

sink if input.release.spec.destination != null

tolerant if lower(trim_space(config["errors.tolerance"])) == "all"

findings contains {
	"pointer": "/config/errors.deadletterqueue.topic.name",
	"message": message,
	"expected": "a dead letter topic in the definition",
	"found": "",
} if {
	sink
	tolerant
	trim_space(object.get(config, "errors.deadletterqueue.topic.name", "")) == ""
}

message := sprintf("dead letter topic %s is declared, but the definition does not write to it", [declared]) if {
	declared := input.release.spec.topics.deadLetter.name
} else := "the sink drops bad records in silence: errors.tolerance is all, without a dead letter topic"
