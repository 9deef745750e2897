package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// What a person is shown of long lists; the rest is in the JSON report.
const (
	maxChanges     = 12
	maxDifferences = 12
	maxLogLines    = 20
)

// group are findings of one severity.
type group struct {
	severity scorecard.Severity
	heading  string
	findings []scorecard.Finding
}

// groups are the findings by severity, gravest first; an empty group is left in.
func groups(findings []scorecard.Finding) []group {
	return []group{
		{scorecard.SeverityFail, "failing", ofSeverity(findings, scorecard.SeverityFail)},
		{scorecard.SeverityWarn, "warnings", ofSeverity(findings, scorecard.SeverityWarn)},
		{scorecard.SeverityNote, "notes", ofSeverity(findings, scorecard.SeverityNote)},
	}
}

// ofSeverity are the findings of one group, in the order of the card.
func ofSeverity(findings []scorecard.Finding, severity scorecard.Severity) []scorecard.Finding {
	var result []scorecard.Finding
	for _, finding := range findings {
		if finding.Severity == severity {
			result = append(result, finding)
		}
	}
	return result
}

// nothingTouched says that a run passed because it had nothing to judge.
func nothingTouched(card scorecard.Card) bool {
	return card.Verdict == scorecard.Passed && len(card.Releases) == 0 && len(card.Findings) == 0 && len(card.Errors) == 0 && len(card.Unread) == 0
}

// versions says what becomes of a release: "2.4.0 -> 2.4.1", "new 2.4.1", "2.4.0 -> deleted".
func versions(release scorecard.ReleaseCard) string {
	from, to := clean(release.From), clean(release.To)
	switch {
	case from == to:
		return to
	case from == "":
		return "new " + to
	case to == "":
		return from + " -> deleted"
	default:
		return from + " -> " + to
	}
}

// title are the words of a release's head line, clean, without the empty ones.
func title(release scorecard.ReleaseCard) []string {
	ring := "ring unknown"
	if release.Ring != 0 {
		ring = fmt.Sprintf("ring %d", release.Ring)
	}
	owner := cmp.Or(clean(release.Owner), "no owner")
	words := []string{versions(release), ring, owner}
	if len(release.Consumers) > 0 {
		words = append(words, "used by "+strings.Join(cleanAll(release.Consumers), ", "))
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}

// maxValue is the most columns of a value in the list of changes.
const maxValue = 72

// digest is 64 hex digits, of which people read the first few.
var digest = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{52}\b`)

// value is a value of a change, clean and short enough for a line of its own.
func value(text string) string {
	return cut(digest.ReplaceAllString(clean(text), "$1…"), maxValue)
}

// changeWords says what a change does in parts that may stand below each other, clean.
func changeWords(change scorecard.Change) []string {
	path, base, head := clean(change.Path), value(change.Base), value(change.Head)
	switch change.Kind {
	case scorecard.Added:
		return []string{path, head + " (added)"}
	case scorecard.Removed:
		return []string{path, base + " (removed)"}
	default:
		return []string{path, base, "-> " + head}
	}
}

// changePosition is where a change stands: at head, or at base where head has no place for it.
func changePosition(change scorecard.Change) scorecard.Position {
	if change.HeadPosition.File != "" {
		return change.HeadPosition
	}
	return change.BasePosition
}

// byLayer orders changes as the layers are.
func byLayer(changes []scorecard.Change) []scorecard.Change {
	ordered := slices.Clone(changes)
	slices.SortStableFunc(ordered, func(a, b scorecard.Change) int {
		return slices.Index(scorecard.Layers, a.Layer) - slices.Index(scorecard.Layers, b.Layer)
	})
	return ordered
}

// blockingFirst orders gaps: what the ring demands comes first.
func blockingFirst(gaps []scorecard.Gap) []scorecard.Gap {
	ordered := slices.Clone(gaps)
	slices.SortStableFunc(ordered, func(a, b scorecard.Gap) int {
		return cmp.Compare(demanded(b), demanded(a))
	})
	return ordered
}

func demanded(gap scorecard.Gap) int {
	if gap.Blocks {
		return 1
	}
	return 0
}

// describeGap says what was not tested and why, clean.
func describeGap(gap scorecard.Gap) string {
	text := clean(gap.What)
	if gap.Why != "" {
		text += ": " + clean(gap.Why)
	}
	if gap.Blocks {
		text += " (required by the ring)"
	}
	return text
}

// statusWord is a status as a row shows it: only a failure is in capitals.
func statusWord(status scorecard.Status) string {
	if status == scorecard.Fail {
		return "FAIL"
	}
	return status.String()
}

// verdict is the decision with the numbers it rests on.
func verdict(card scorecard.Card) string {
	text := clean(string(card.Verdict))
	if !card.Enforced && card.Verdict != scorecard.Passed {
		text += " (not enforced)"
	}
	return text + ": " + strings.Join(counts(card), ", ")
}

// counts are the findings by severity, the gaps that block and the errors; what there is none of is left out.
func counts(card scorecard.Card) []string {
	all := card.AllFindings()
	number := func(severity scorecard.Severity) int { return len(ofSeverity(all, severity)) }
	parts := []string{"no finding"}
	if failing := number(scorecard.SeverityFail); failing > 0 {
		parts[0] = count(failing, "finding", "findings")
	}
	if warnings := number(scorecard.SeverityWarn); warnings > 0 {
		parts = append(parts, count(warnings, "warning", "warnings"))
	}
	if notes := number(scorecard.SeverityNote); notes > 0 {
		parts = append(parts, count(notes, "note", "notes"))
	}
	if missing := blockingGaps(card); missing > 0 {
		parts = append(parts, count(missing, "requirement", "requirements")+" not evaluated")
	}
	if len(card.Errors) > 0 {
		parts = append(parts, count(len(card.Errors), "error", "errors"))
	}
	return parts
}

func blockingGaps(card scorecard.Card) int {
	total := 0
	for _, release := range card.Releases {
		for _, gap := range release.Gaps {
			total += demanded(gap)
		}
	}
	return total
}

// times are how long it took, and which part of that each leg took: "17.5 s: base
// 7.3, head 7.8". Phases are grouped by their word before a colon.
func times(total time.Duration, phases []scorecard.Phase) string {
	var names []string
	spent := map[string]time.Duration{}
	for _, phase := range phases {
		name, _, _ := strings.Cut(phase.Name, ":")
		if _, known := spent[name]; !known {
			names = append(names, name)
		}
		spent[name] += phase.Duration
	}
	if total == 0 && len(names) == 0 {
		return ""
	}
	parts := make([]string, 0, len(names))
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %.1f", clean(name), spent[name].Seconds()))
	}
	return strings.TrimSuffix(seconds(total)+": "+strings.Join(parts, ", "), ": ")
}

// untouched is the whole report of a card with nothing to show.
func untouched(card scorecard.Card) string {
	return fmt.Sprintf("%s: no connector release differs between %s and %s",
		clean(string(card.Verdict)), revision(card.Base), revision(card.Head))
}

// revision is a side's name with the beginning of its hash, clean.
func revision(side scorecard.Revision) string {
	const short = 10
	name, commit := clean(side.Name), clean(side.Commit)
	if commit == "" || strings.HasPrefix(commit, name) && name != "" {
		return name
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%.*s)", name, short, commit))
}
