package change

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// layerRule puts the pointers of a pattern into a layer.
type layerRule struct {
	// pattern is a pointer in which * stands for one token and a last ** for any
	// number of them, also none.
	pattern string
	layer   scorecard.Layer
	// inert is what changes nothing that runs, so that no trial is needed.
	inert bool
}

// layerRules decide in this order; the first pattern that fits wins and the last
// one fits everything. What the manifest may repeat from the definition (class,
// topics, dead letter topic) is in the same layer at both places. The worker's
// image is runtime although it holds code: it belongs to a Connect cluster and
// changes for every release on it, while plugins are a release's own.
func layerRules() []layerRule {
	return []layerRule{
		{pattern: "/spec/artifact/**", layer: scorecard.Artifact},
		{pattern: "/config/connector.class", layer: scorecard.Artifact},

		{pattern: "/runtime/**", layer: scorecard.Runtime},
		{pattern: "/spec/runtime", layer: scorecard.Runtime},

		{pattern: "/config/name", layer: scorecard.Contract}, // offsets are stored under it
		{pattern: "/config/topics", layer: scorecard.Contract},
		{pattern: "/config/topics.regex", layer: scorecard.Contract},
		{pattern: "/config/errors.deadletterqueue.topic.name", layer: scorecard.Contract},
		{pattern: "/config/**", layer: scorecard.Configuration},
		{pattern: "/spec/definition/**", layer: scorecard.Configuration, inert: true}, // what it holds is /config

		{pattern: "/metadata/owner", layer: scorecard.Contract, inert: true},
		{pattern: "/metadata/owners/**", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/release", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/ring", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/consumers/*/owner", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/contract/accepts/*/reason", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/environments/**", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/observability/**", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/replay/deadLetterPlan", layer: scorecard.Contract, inert: true},
		{pattern: "/spec/rollback/**", layer: scorecard.Contract, inert: true},
		{pattern: "/**", layer: scorecard.Contract},
	}
}

// LayerOf is the one layer of an RFC 6901 pointer into a release, as
// release.Release.Position takes it. What no pattern names, such as an unknown
// field, is contract: a manifest is a promise.
func LayerOf(pointer string) scorecard.Layer { return ruleOf(pointer).layer }

// Inert says whether a change at this pointer leaves alone what runs.
func Inert(pointer string) bool { return ruleOf(pointer).inert }

func ruleOf(pointer string) layerRule {
	rules := layerRules()
	return rules[slices.IndexFunc(rules, func(r layerRule) bool { return fits(r.pattern, pointer) })]
}

func fits(pattern, pointer string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(pointer, "/")
	for i, token := range want {
		if token == "**" {
			return true
		}
		if i >= len(have) || token != "*" && token != have[i] {
			return false
		}
	}
	return len(want) == len(have)
}

// pathOf is a pointer as a person names the value: delete.enabled,
// artifact.plugins[0].maven, runtime.image.
func pathOf(pointer string) string {
	trimmed := strings.TrimPrefix(pointer, "/")
	for _, root := range []string{"spec/", "config/"} {
		if rest, found := strings.CutPrefix(trimmed, root); found {
			trimmed = rest
			break
		}
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	var path strings.Builder
	for token := range strings.SplitSeq(trimmed, "/") {
		switch _, err := strconv.Atoi(token); {
		case err == nil && path.Len() > 0:
			path.WriteString("[" + token + "]")
		case path.Len() > 0:
			path.WriteString("." + unescape.Replace(token))
		default:
			path.WriteString(unescape.Replace(token))
		}
	}
	return path.String()
}

// comparePointers orders by token, numbers by value: plugin 2 stands before plugin 10.
func comparePointers(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(x, y string) int {
		left, notLeft := strconv.Atoi(x)
		right, notRight := strconv.Atoi(y)
		if notLeft == nil && notRight == nil {
			return cmp.Compare(left, right)
		}
		return cmp.Compare(x, y)
	})
}
