package release

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

const (
	deadLetterKey = "errors.deadletterqueue.topic.name"
	topicsRegex   = "topics.regex"
)

// conflicts are the values of the manifest that the definition contradicts.
// A value that is only known when it runs, such as ${file:/path:key}, contradicts nothing.
func conflicts(r *Release) []scorecard.Finding {
	var findings []scorecard.Finding
	differ := func(layer scorecard.Layer, pointer, stated, key string) {
		f := newFinding(idConflict, r.Position(pointer),
			fmt.Sprintf("%s is %s, but the definition's %s is %s", dotted(pointer), quoted(pointer, stated), key, quoted(key, r.Config[key])),
			"make the two the same, or remove the one in the manifest: it is derived")
		if _, set := r.Config[key]; !set {
			f.Message = fmt.Sprintf("%s is %s, but the definition has no %s", dotted(pointer), quoted(pointer, stated), key)
			f.Remedy = "set " + key + " in the definition, or remove what the manifest says"
		}
		f.Layer, f.Expected, f.Found = layer, redactValue(key, r.Config[key]), redactValue(pointer, stated)
		findings = append(findings, f)
	}
	if stated := r.Spec.Artifact.Class; stated != "" && !sameClass(stated, r.Class) {
		differ(scorecard.Artifact, "/spec/artifact/class", stated, classKey)
	}
	if dead := r.Spec.Topics.DeadLetter; dead != nil && known(r.Config[deadLetterKey]) && dead.Name != r.Config[deadLetterKey] {
		differ(scorecard.Contract, "/spec/topics/deadLetter/name", dead.Name, deadLetterKey)
	}
	topicConflicts(r, differ)
	return findings
}

// topicConflicts compares topics.input with what a sink subscribes to.
func topicConflicts(r *Release, differ func(layer scorecard.Layer, pointer, stated, key string)) {
	if r.Spec.Source != nil || len(r.Spec.Topics.Input) == 0 {
		return
	}
	key := "topics"
	if _, set := r.Config[topicsRegex]; set {
		key = topicsRegex
	}
	subscribed, set := r.Config[key]
	covers := subscription(key, subscribed)
	if !set || !known(subscribed) || covers == nil {
		return
	}
	stated := make([]string, len(r.Spec.Topics.Input))
	for i, topic := range r.Spec.Topics.Input {
		stated[i] = topic.Name
		if !covers(topic.Name) {
			differ(scorecard.Contract, "/spec/topics/input/"+strconv.Itoa(i)+"/name", topic.Name, key)
		}
	}
	unstated := func(name string) bool { return !slices.Contains(stated, name) }
	if key != topicsRegex && slices.ContainsFunc(topicList(subscribed), unstated) {
		differ(scorecard.Contract, "/spec/topics/input", strings.Join(stated, ","), key)
	}
}

// subscription says which topics a setting covers; nil where its expression is one
// that only Java understands.
func subscription(key, value string) func(topic string) bool {
	if key != topicsRegex {
		return func(topic string) bool { return slices.Contains(topicList(value), topic) }
	}
	whole, err := regexp.Compile("^(?:" + value + ")$")
	if err != nil {
		return nil
	}
	return whole.MatchString
}

// topicList are the names of Kafka's list, which is separated by commas.
func topicList(value string) []string {
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// known says whether a value of a configuration is what it will be when it runs.
func known(value string) bool { return !strings.Contains(value, "${") }

// sameClass says whether two names mean one class: Connect also takes the simple
// name, with or without the suffix Connector.
func sameClass(a, b string) bool {
	if !known(b) || a == b {
		return true
	}
	if strings.Contains(a, ".") && strings.Contains(b, ".") {
		return false
	}
	simple := func(class string) string {
		return strings.TrimSuffix(class[strings.LastIndexByte(class, '.')+1:], "Connector")
	}
	return simple(a) == simple(b)
}
