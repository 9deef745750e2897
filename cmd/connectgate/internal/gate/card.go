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
		Base:   scorecard.Revision{Name: d.revisions.Base.Name, Commit: d.revisions.Base.Commit},
		Head:   scorecard.Revision{Name: d.revisions.Head.Name, Commit: d.revisions.Head.Commit},
		Errors: d.errors, Duration: total,
	}
	if d.head != nil {
		card.Findings, card.Unread = d.excerpts(d.head.Findings), d.head.Unread
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
	card.Verdict = card.Decide(d.CI)
	return card, nil
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
	decided, err := d.rules.Decide(ctx, d.facts(item.Release, evidence))
	if err != nil {
		return scorecard.ReleaseCard{}, fmt.Errorf("decide about %s: %w", item.Release.Name, err)
	}
	card := d.describe(item)
	card.Evidence = evidence
	card.Findings = d.excerpts(slices.Concat(decided.Findings, d.samples[item.Release.Name].findings))
	ring := d.config.Rings[card.Ring]
	card, err = scorecard.Judge(card, decided.Rules, scorecard.Demands{
		Trials: ring.Trials, CompleteSamples: ring.CompleteSamples,
	})
	if err != nil {
		return card, fmt.Errorf("make the card: %w", err)
	}
	return card, nil
}

// describe says which release it is. The stricter ring of base and head holds.
func (d *decision) describe(item checks.Item) scorecard.ReleaseCard {
	card := scorecard.ReleaseCard{Name: item.Release.Name, Changes: item.Release.Changes}
	for _, side := range []*release.Release{item.Release.Base, item.Release.Head} {
		if side == nil {
			continue
		}
		card.Ring, card.Owner, card.Consumers = max(card.Ring, side.Spec.Ring), side.Metadata.Owner, nil
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

// excerpts fills in the source lines of findings, redacted.
func (d *decision) excerpts(findings []scorecard.Finding) []scorecard.Finding {
	lines := map[string][]string{}
	for i, finding := range findings {
		file := finding.Position.File
		if finding.Position.Line == 0 {
			continue
		}
		if _, read := lines[file]; !read {
			text, err := fs.ReadFile(d.tree(file), file)
			if err != nil {
				continue // a file that cannot be read shows no excerpt; the finding says why
			}
			lines[file] = strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
		}
		if at := finding.Position.Line - 1; at < len(lines[file]) {
			findings[i].Excerpt = release.Redact(lines[file][at])
		}
	}
	return findings
}
