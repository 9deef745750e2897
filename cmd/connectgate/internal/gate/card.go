package gate

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/connectgate/connectgate/checks"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// card puts together what every stage said and decides the verdict.
func (d *decision) card(ctx context.Context, total time.Duration) (scorecard.Card, error) {
	card := scorecard.Card{
		Schema: scorecard.CardSchema, Version: d.Version, Enforced: d.Enforce,
		Base:     scorecard.Revision{Name: d.revisions.Base.Name, Commit: d.revisions.Base.Commit},
		Head:     scorecard.Revision{Name: d.revisions.Head.Name, Commit: d.revisions.Head.Commit},
		Duration: total,
	}
	if d.head != nil {
		card.Findings, card.Unread = d.excerpts(d.shapeFindings(), nil), d.head.Unread
	}
	for _, item := range d.items {
		one, err := d.releaseCard(ctx, item)
		if err != nil {
			return card, err
		}
		card.Releases = append(card.Releases, one)
		for _, evidence := range one.Evidence {
			card.Phases = appendPhases(card.Phases, evidence.Phases)
		}
	}
	card.Errors = d.errors
	card.Verdict = card.Decide(d.CI)
	return card, nil
}

// shapeFindings are what is wrong with the files at head. What was wrong at base
// already only warns: this change did not do it.
func (d *decision) shapeFindings() []scorecard.Finding {
	findings := slices.Clone(d.head.Findings)
	for i, finding := range findings {
		before := slices.ContainsFunc(d.base.Findings, func(f scorecard.Finding) bool {
			return f.ID == finding.ID && f.Position.File == finding.Position.File && f.Message == finding.Message
		})
		if before && finding.Severity == scorecard.SeverityFail {
			findings[i].Severity = scorecard.SeverityWarn
			findings[i].Message += " (as at base)"
		}
	}
	return findings
}

// appendPhases adds phases that are not there yet: trials share their legs.
func appendPhases(phases, more []scorecard.Phase) []scorecard.Phase {
	for _, phase := range more {
		if !slices.Contains(phases, phase) {
			phases = append(phases, phase)
		}
	}
	return phases
}

func (d *decision) releaseCard(ctx context.Context, item checks.Item) (scorecard.ReleaseCard, error) {
	evidence := slices.Concat(d.evidence[item.Release.Name], item.Skipped)
	// A rule that broke is not evaluated; what the others found still counts.
	decided, err := d.rules.Decide(ctx, d.facts(item.Release, evidence))
	if err != nil {
		d.errors = append(d.errors, fmt.Sprintf("decide about %s: %v", item.Release.Name, err))
	}
	card := d.describe(item)
	card.Ring = decided.Ring
	card.Evidence = evidence
	card.Findings = d.excerpts(slices.Concat(decided.Findings, d.samples[item.Release.Name].findings), item.Release.Changes)
	ring := d.config.Rings[card.Ring]
	card, err = scorecard.Judge(card, decided.Rules, scorecard.Demands{
		Trials: ring.Trials, CompleteSamples: ring.CompleteSamples,
	})
	if err != nil {
		return card, fmt.Errorf("make the card: %w", err)
	}
	return card, nil
}

// describe says which release it is.
func (d *decision) describe(item checks.Item) scorecard.ReleaseCard {
	card := scorecard.ReleaseCard{Name: item.Release.Name, Changes: item.Release.Changes}
	for _, side := range []*release.Release{item.Release.Base, item.Release.Head} {
		if side == nil {
			continue
		}
		card.Owner, card.Consumers = side.Metadata.Owner, nil
		for _, consumer := range side.Spec.Consumers {
			card.Consumers = append(card.Consumers, consumer.Name)
		}
	}
	if item.Release.Base != nil {
		card.From = string(item.Release.Base.Spec.Release)
	}
	if item.Release.Head != nil {
		card.To = string(item.Release.Head.Spec.Release)
	}
	return card
}

// excerpts fills in the source lines of findings, redacted. What stands at removed
// places is read from base, all else from head.
func (d *decision) excerpts(findings []scorecard.Finding, changes []scorecard.Change) []scorecard.Finding {
	lines := map[string][]string{}
	for i, finding := range findings {
		tree, side := d.revisions.Head.FS, "head "
		if gone(finding.Position, changes) {
			tree, side = d.revisions.Base.FS, "base "
		}
		file := finding.Position.File
		if _, read := lines[side+file]; !read {
			text, err := fs.ReadFile(tree, file)
			if err != nil {
				continue // a file that cannot be read shows no excerpt; the finding says why
			}
			lines[side+file] = strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
		}
		if at := finding.Position.Line - 1; at >= 0 && at < len(lines[side+file]) {
			findings[i].Excerpt = release.Redact(lines[side+file][at])
		}
	}
	return findings
}

// gone says whether a position is one of base that head no longer has.
func gone(position scorecard.Position, changes []scorecard.Change) bool {
	return slices.ContainsFunc(changes, func(c scorecard.Change) bool {
		return c.Kind == scorecard.Removed && c.BasePosition == position
	})
}
