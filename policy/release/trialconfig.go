package release

import (
	"fmt"
	"regexp"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// behaviour are the settings that make another connector of it.
var behaviour = regexp.MustCompile(`^(name|topics|topics\.regex)$|^((key|value|header)\.converter|transforms|predicates|errors)(\.|$)|(^|\.)class$`)

// addressOrLimit is a word that a setting for an address, a login or a limit has.
var addressOrLimit = regexp.MustCompile(`(?i)(^|[._-])(` +
	`connection|connect|bootstrap|brokers?|servers?|urls?|uris?|hosts?|hostnames?|ports?|address(es)?|endpoints?|region|bucket|path|` +
	`users?|username|password|credentials?|secret|token|access|ssl|sasl|security|tls|` +
	`tasks|timeout|ms|seconds|max|min|limit|size|batch|count|retries|retry|attempts|interval|backoff|wait|poll|delay|linger|pool|buffer|queue|rate` +
	`)([._-]|$)`)

// trialConfig reports settings that a trial may not replace, because it would then
// test another connector than the one that is released.
func trialConfig(r *Release) []scorecard.Finding {
	var findings []scorecard.Finding
	for _, key := range sortedKeys(r.Spec.Trial.Config) {
		reason := "is neither an address nor a limit"
		switch {
		case behaviour.MatchString(key):
			reason = "is part of what is tested"
		case addressOrLimit.MatchString(key):
			continue
		}
		f := newFinding(idTrialConfig, r.documents.manifest.nameOf([]string{"spec", "trial", "config"}, key),
			fmt.Sprintf("trial.config may not set %s: it %s", quoted("", key), reason),
			"remove it: trials replace addresses and limits only, so that they test the connector that is released")
		f.ControlPoint, f.Found = scorecard.CompatibilityTest, key
		findings = append(findings, f)
	}
	return findings
}
