package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// hostile is text as an attacker would write it into a manifest or a log.
const hostile = "\x1b[31mred\x1b[0m \u202eevil\u2066 | `tick` ``` <script>alert(1)</script> @acme/everyone #1 " +
	"[link](https://example.org) ![img](x) **bold** _it_ ~~no~~ $x$ &amp; \\| \r\n::error::gotcha ##[error]x \xff\x00 www.example.org </details>"

func at(file string, line, column int) scorecard.Position {
	return scorecard.Position{File: file, Line: line, Column: column}
}

func blockedCard() scorecard.Card {
	manifest := "releases/invoices-sink/release.yaml"
	differences := []scorecard.Difference{
		{Identity: "id=1", Path: "public.invoices", Kind: scorecard.Removed, Base: "name=ann amount=10.50", Head: "no row", Cause: "after a tombstone (samples/invoices.jsonl:5)"},
		{Identity: "id=3", Path: "public.invoices", Kind: scorecard.Removed, Base: "name=cid amount=7.00", Head: "no row", Cause: "after a tombstone (samples/invoices.jsonl:6)"},
	}
	release := scorecard.ReleaseCard{
		Name: "invoices-sink", From: "2.4.0", To: "2.4.1", Ring: 2, Owner: "@acme/billing", Consumers: []string{"revenue-report"},
		Changes: []scorecard.Change{
			{
				Layer: scorecard.Artifact, Kind: scorecard.Changed, Path: "artifact.plugins[0].maven", Pointer: "/spec/artifact/plugins/0/maven",
				Base: "io.debezium:debezium-connector-jdbc:3.0.7.Final:plugin@tar.gz", Head: "io.debezium:debezium-connector-jdbc:3.1.0.Final:plugin@tar.gz",
				BasePosition: at(manifest, 12, 9), HeadPosition: at(manifest, 12, 9),
			},
			{Layer: scorecard.Configuration, Kind: scorecard.Added, Path: "insert.mode", Pointer: "/config/insert.mode", Head: "upsert", HeadPosition: at("releases/invoices-sink/config.json", 7, 5)},
			{Layer: scorecard.Contract, Kind: scorecard.Removed, Path: "topics.deadLetter.retention", Pointer: "/spec/topics/deadLetter/retention", Base: "336h", BasePosition: at(manifest, 16, 44)},
		},
		Findings: []scorecard.Finding{
			{
				ID: "trial/contract", Release: "invoices-sink", ControlPoint: scorecard.DestinationValidation, Layer: scorecard.Artifact,
				Severity: scorecard.SeverityFail, Position: at(manifest, 12, 9),
				Excerpt: `  - {maven: "io.debezium:debezium-connector-jdbc:3.1.0.Final:plugin@tar.gz", sha256: 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0}`,
				Message: "the new version deletes rows that the old one keeps", Expected: "4 rows", Found: "2 rows",
				Remedy: "set delete.enabled=false to keep the old behaviour, or accept the change in contract.accepts with its consumers' approval",
				Hurt:   []string{"@acme/billing", "revenue-report (@acme/analytics)"}, Differences: differences,
			},
			{
				ID: "offsets/declared", Release: "invoices-sink", ControlPoint: scorecard.OffsetPolicy, Severity: scorecard.SeverityWarn,
				Position: at(manifest, 3, 0), Excerpt: "spec:", Message: "no offset policy is declared", Remedy: "add spec.offsets.policy",
			},
			{ID: "trial/startup", Release: "invoices-sink", ControlPoint: scorecard.CompatibilityTest, Severity: scorecard.SeverityNote, Message: "default of batch.size changed from 500 to 1000"},
		},
		Evidence: []scorecard.Evidence{{
			Trial: "trial/contract", Release: "invoices-sink", ControlPoint: scorecard.DestinationValidation, Status: scorecard.Fail,
			Summary: "2 of 4 rows differ between the versions", Differences: differences,
			Accepted:  []scorecard.Difference{{Identity: "id=4", Path: "note", Kind: scorecard.Changed, Base: "''", Head: "null", Cause: "samples/invoices.jsonl:8"}},
			Exercised: []string{"insert", "tombstone"}, Missing: []string{"unicode"},
			Alterations: []string{"connection.url"},
			Subjects:    []scorecard.Subject{{Side: "head", Name: "io.debezium:debezium-connector-jdbc:3.1.0.Final", Digest: "sha256:" + strings.Repeat("0f", 32), Version: "3.1.0.Final"}},
			Phases:      []scorecard.Phase{{Name: "compare", Duration: 400 * time.Millisecond}},
		}},
		Gaps: []scorecard.Gap{
			{What: "samples: unicode", Why: "no sample exercises it"},
			{What: "trial/upgrade", Why: "not built yet", Blocks: true},
		},
		Alterations: []string{"connection.url is jdbc:postgresql://db:5432/postgres", "secrets of file are answered by the trial"},
	}
	release.Rows = rowsOf(map[scorecard.ControlPoint]scorecard.Row{
		scorecard.ArtifactImmutability:  {Status: scorecard.Pass, Evidence: []string{"image and plugin pinned", "bytes verified"}},
		scorecard.CompatibilityTest:     {Status: scorecard.Pass, Evidence: []string{"both RUNNING, 0 validation errors, no key lost, no default changed"}},
		scorecard.DestinationValidation: {Status: scorecard.Fail, Evidence: []string{"2 of 4 rows differ between the versions"}},
		scorecard.OffsetPolicy:          {Status: scorecard.Warn, Evidence: []string{"no offset policy is declared"}},
		scorecard.ReleaseDecision:       {Status: scorecard.NotEvaluated, Evidence: []string{"approvals: not read outside a pull request"}},
		scorecard.Observability:         {Status: scorecard.NotApplicable},
		scorecard.RollbackPath:          {Status: scorecard.Waived, Evidence: []string{"waived until 2027-01-01"}},
	})
	return scorecard.Card{
		Version: "0.1.0", Base: scorecard.Revision{Name: "main", Commit: strings.Repeat("1a", 20)},
		Head:    scorecard.Revision{Name: "HEAD", Commit: strings.Repeat("2b", 20)},
		Verdict: scorecard.Blocked, Enforced: true, Releases: []scorecard.ReleaseCard{release},
		Duration: 11200 * time.Millisecond,
		Phases: []scorecard.Phase{
			{Name: "base: broker", Duration: 1500 * time.Millisecond},
			{Name: "base: worker", Duration: 4100 * time.Millisecond},
			{Name: "head: broker", Duration: 1400 * time.Millisecond},
			{Name: "head: worker", Duration: 4 * time.Second},
		},
	}
}

func rowsOf(known map[scorecard.ControlPoint]scorecard.Row) []scorecard.Row {
	var rows []scorecard.Row
	for _, point := range scorecard.ControlPoints {
		row, ok := known[point]
		if !ok {
			row.Evidence = []string{"no rule or trial of this version looks at it"}
		}
		row.ControlPoint = point
		rows = append(rows, row)
	}
	return rows
}

func passedCard() scorecard.Card {
	card := blockedCard()
	card.Verdict = scorecard.Passed
	card.Releases[0].Findings, card.Releases[0].Evidence, card.Releases[0].Gaps, card.Releases[0].Alterations = nil, nil, nil, nil
	card.Releases[0].From = ""
	card.Releases[0].Changes = card.Releases[0].Changes[:1]
	card.Releases[0].Rows = rowsOf(map[scorecard.ControlPoint]scorecard.Row{
		scorecard.ArtifactImmutability: {Status: scorecard.Pass, Evidence: []string{"image and plugin pinned"}},
	})
	return card
}

func incompleteCard() scorecard.Card {
	card := passedCard()
	card.Verdict, card.Phases, card.Duration = scorecard.Incomplete, nil, 0
	card.Releases[0].To, card.Releases[0].From, card.Releases[0].Ring, card.Releases[0].Owner = "", "1.9", 0, ""
	card.Releases[0].Gaps = []scorecard.Gap{{What: "trial/contract", Why: "--trials off", Blocks: true}}
	card.Unread = []string{"old/connector.json"}
	return card
}

func brokenCard() scorecard.Card {
	card := passedCard()
	card.Verdict, card.Enforced = scorecard.Broken, false
	card.Errors = []string{"no container engine answers: dial unix /var/run/docker.sock: no such file"}
	card.Findings = []scorecard.Finding{{
		ID: "release/syntax", Severity: scorecard.SeverityFail, Position: at("releases/b/release.yaml", 4, 3),
		Excerpt: "\tname: [日本語", Message: "a list is not closed", Remedy: "close the list with ]",
	}}
	card.Releases[0].Evidence = []scorecard.Evidence{{
		Trial: "trial/startup", ControlPoint: scorecard.CompatibilityTest, Status: scorecard.Fail,
		Failure: &scorecard.Failure{Side: "head", Class: scorecard.RuntimeFailure, Message: "the worker ended with 1", Log: []string{"ERROR Stopping due to error", "java.lang.NoSuchMethodError: 'x'"}},
	}}
	return card
}

func untouchedCard() scorecard.Card {
	return scorecard.Card{
		Version: "0.1.0", Verdict: scorecard.Passed, Enforced: true,
		Base: scorecard.Revision{Name: "main", Commit: strings.Repeat("1a", 20)}, Head: scorecard.Revision{Name: "worktree"},
	}
}

func hostileCard() scorecard.Card {
	card := blockedCard()
	card.Base.Name, card.Verdict = hostile, scorecard.Blocked
	card.Unread, card.Errors = []string{hostile, "::error::first"}, []string{hostile}
	release := &card.Releases[0]
	release.Name, release.From, release.To, release.Owner, release.Consumers = hostile, hostile, "1", hostile, []string{hostile}
	release.Alterations = []string{hostile}
	release.Gaps = []scorecard.Gap{{What: hostile, Why: hostile}}
	release.Rows[0].Evidence = []string{hostile}
	release.Changes[0] = scorecard.Change{Layer: scorecard.Artifact, Kind: scorecard.Changed, Path: hostile, Base: hostile, Head: hostile, HeadPosition: at(hostile, 1, 1)}
	release.Findings[0] = scorecard.Finding{
		ID: "release/syntax", ControlPoint: scorecard.ReleaseDecision, Severity: scorecard.SeverityFail, Position: at("::error::x.yaml", 2, 12),
		Excerpt: hostile, Message: hostile, Expected: hostile, Found: hostile, Remedy: hostile, Hurt: []string{hostile},
		Differences: []scorecard.Difference{{Identity: hostile, Path: hostile, Kind: scorecard.Changed, Base: hostile, Head: hostile, Cause: hostile}},
	}
	release.Evidence = []scorecard.Evidence{{
		Trial: "trial/startup", ControlPoint: scorecard.CompatibilityTest, Status: scorecard.Fail, Exercised: []string{hostile},
		Failure:  &scorecard.Failure{Side: "head", Class: scorecard.ArtifactFailure, Message: hostile, Log: []string{hostile, "::add-mask::e", "````"}},
		Subjects: []scorecard.Subject{{Name: hostile, Digest: "sha256:0"}}, Phases: []scorecard.Phase{{Name: hostile}},
	}}
	card.Phases = []scorecard.Phase{{Name: hostile, Duration: time.Second}}
	return card
}

func manyCard() scorecard.Card {
	card := blockedCard()
	template := card.Releases[0]
	for n := range 15 {
		template.Changes = append(template.Changes, scorecard.Change{Layer: scorecard.Runtime, Kind: scorecard.Changed, Path: fmt.Sprintf("worker.key%d", n), Base: "1", Head: "2", HeadPosition: at("runtimes/billing.yaml", n+3, 5)})
		template.Findings[0].Differences = append(template.Findings[0].Differences, scorecard.Difference{Identity: fmt.Sprintf("id=%d", n+10), Path: "name", Kind: scorecard.Changed, Base: "ann", Head: "Ann"})
	}
	card.Releases = nil
	for n := range 60 {
		release := template
		release.Name = fmt.Sprintf("invoices-sink-%02d", n)
		card.Releases = append(card.Releases, release)
	}
	return card
}
