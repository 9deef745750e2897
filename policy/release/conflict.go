package release

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

const deadLetterKey = "errors.deadletterqueue.topic.name"

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
		f.Layer, f.Expected, f.Found = layer, redactValue(key, r.Config[key]), stated
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
	if pattern, set := r.Config["topics.regex"]; set {
		matches, err := regexp.Compile("^(?:" + pattern + ")$")
		for i, topic := range r.Spec.Topics.Input {
			if err == nil && known(pattern) && !matches.MatchString(topic.Name) {
				differ(scorecard.Contract, inputPointer(i), topic.Name, "topics.regex")
			}
		}
		return
	}
	subscribed, set := r.Config["topics"]
	if !set || !known(subscribed) {
		return
	}
	names := strings.FieldsFunc(subscribed, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	stated := make([]string, len(r.Spec.Topics.Input))
	for i, topic := range r.Spec.Topics.Input {
		stated[i] = topic.Name
		if !slices.Contains(names, topic.Name) {
			differ(scorecard.Contract, inputPointer(i), topic.Name, "topics")
		}
	}
	for _, name := range names {
		if !slices.Contains(stated, name) {
			differ(scorecard.Contract, "/spec/topics/input", strings.Join(stated, ","), "topics")
			return
		}
	}
}

func inputPointer(i int) string { return "/spec/topics/input/" + strconv.Itoa(i) + "/name" }

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
