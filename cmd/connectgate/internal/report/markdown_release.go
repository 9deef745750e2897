package report

import (
	"fmt"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// What Markdown shows of long values and lists; the rest is in the JSON report.
const (
	maxCell        = 300 // columns of a cell
	maxProse       = 1_000
	maxTableRows   = 50
	maxBulletItems = 100
)

// releaseSection is everything about one release. Blocks stand in the order of
// their priorities, so that a document that was cut still reads from the top.
func releaseSection(release scorecard.ReleaseCard) section {
	words := title(release)
	for i := range words {
		words[i] = code(cut(words[i], maxCell))
	}
	s := section{
		heading: fmt.Sprintf("### %s\n\n%s\n\n", code(cut(clean(release.Name), maxCell)), strings.Join(words, " · ")),
		blocks:  findingBlocks(release.Findings),
	}
	s.add(table, rowTable(release.Rows))
	gaps := make([]string, 0, len(release.Gaps))
	for _, gap := range blockingFirst(release.Gaps) {
		gaps = append(gaps, describeGap(gap))
	}
	s.add(evidence, fold("not tested", len(gaps), bullets("", gaps)))
	s.add(evidence, fold("differs from production", len(release.Alterations), bullets("", release.Alterations)))
	for _, e := range release.Evidence {
		s.add(evidence, evidenceFold(e))
	}
	s.add(changes, changeFold(byLayer(release.Changes)))
	return s
}

// findingBlocks are findings by severity, each a block.
func findingBlocks(findings []scorecard.Finding) []block {
	var blocks []block
	for _, g := range groups(findings) {
		for _, finding := range g.findings {
			b := block{priority: warnings, text: findingText(finding), short: findingHead(finding)}
			if g.severity == scorecard.SeverityFail {
				b.priority = failing
			}
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// findingHead is the message, and where it stands.
func findingHead(finding scorecard.Finding) string {
	word := strings.ToUpper(clean(string(finding.Severity)))
	return fmt.Sprintf("**%s: %s**\n%s %s\n\n", prose(word), prose(cut(strings.TrimSpace(clean(finding.Message)), maxProse)),
		code(cut(place(finding), maxCell)), code(cut("["+clean(finding.ID)+"]", maxCell)))
}

func findingText(finding scorecard.Finding) string {
	var b strings.Builder
	b.WriteString(findingHead(finding))
	if strings.TrimSpace(finding.Excerpt) != "" {
		b.WriteString(fence(excerptLines(finding)))
	}
	named := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n\n", name, value)
		}
	}
	value := func(text string) string {
		if text == "" {
			return ""
		}
		return code(cut(clean(text), maxProse))
	}
	named("Expected", value(finding.Expected))
	named("Found", value(finding.Found))
	b.WriteString(differenceMarkdown(finding.Differences))
	named("**Fix**", prose(cut(clean(finding.Remedy), maxProse)))
	hurt := make([]string, 0, len(finding.Hurt))
	for _, name := range finding.Hurt {
		hurt = append(hurt, value(name))
	}
	named("Hurts", strings.Join(hurt, ", "))
	return b.String()
}

// excerptLines are the source line and the caret below it, as on a terminal.
func excerptLines(finding scorecard.Finding) []string {
	const room = 110
	gutter := fmt.Sprintf("%5d | ", finding.Position.Line)
	text, caret := window(finding.Excerpt, finding.Position.Column, room)
	lines := []string{gutter + text}
	if finding.Position.Column > 0 {
		lines = append(lines, strings.Repeat(" ", len(gutter)-2)+"| "+strings.Repeat(" ", caret)+"^")
	}
	return lines
}

func rowTable(rows []scorecard.Row) string {
	if len(rows) == 0 {
		return ""
	}
	lines := [][]string{{"control point", "status", "evidence"}}
	for _, row := range rows {
		status := prose(statusWord(row.Status))
		if row.Status == scorecard.Fail {
			status = "**" + status + "**"
		}
		lines = append(lines, []string{
			prose(clean(string(row.ControlPoint))), status,
			prose(cut(strings.Join(cleanAll(row.Evidence), "; "), maxCell)),
		})
	}
	return grid(lines)
}

func differenceMarkdown(differences []scorecard.Difference) string {
	if len(differences) == 0 {
		return ""
	}
	lines := [][]string{differenceHeads()}
	for _, d := range differences[:min(len(differences), maxTableRows)] {
		cells := differenceCells(d)
		for i, cell := range cells {
			cells[i] = code(cut(cell, maxCell))
		}
		cells[len(cells)-1] = prose(cut(clean(d.Cause), maxCell))
		lines = append(lines, cells)
	}
	return grid(lines) + more(len(differences)-maxTableRows)
}

func changeFold(changes []scorecard.Change) string {
	if len(changes) == 0 {
		return ""
	}
	lines := [][]string{{"layer", "change", "position"}}
	for _, change := range changes[:min(len(changes), maxTableRows)] {
		lines = append(lines, []string{
			prose(clean(string(change.Layer))), code(cut(strings.Join(changeWords(change), " "), maxCell)),
			code(cut(clean(changePosition(change).String()), maxCell)),
		})
	}
	return fold("changes", len(changes), grid(lines)+more(len(changes)-maxTableRows))
}

// evidenceFold is what a trial measured beside its row: empty where that is nothing.
func evidenceFold(e scorecard.Evidence) string {
	var b strings.Builder
	if e.Failure != nil {
		fmt.Fprintf(&b, "%s\n\n", prose(cut(failed(e), maxProse)))
		b.WriteString(fence(cutAll(cleanAll(lastLines(e.Failure.Log)), maxCell)))
	}
	if len(e.Accepted) > 0 {
		b.WriteString("Accepted by contract.accepts:\n\n" + differenceMarkdown(e.Accepted))
	}
	subjects := make([]string, 0, len(e.Subjects))
	for _, s := range e.Subjects {
		subjects = append(subjects, strings.Join(strings.Fields(strings.Join([]string{s.Side, s.Name, s.Digest, s.Version}, " ")), " "))
	}
	b.WriteString(bullets("Ran", subjects))
	if len(e.Exercised)+len(e.Missing) > 0 {
		fmt.Fprintf(&b, "Samples exercise: %s; not exercised: %s\n\n", listed(e.Exercised), listed(e.Missing))
	}
	phases := make([]string, 0, len(e.Phases))
	for _, phase := range e.Phases {
		phases = append(phases, phase.Name+" "+seconds(phase.Duration))
	}
	b.WriteString(bullets("Phases", phases))
	if b.Len() == 0 {
		return ""
	}
	return fold(cut(clean(e.Trial), maxCell)+": "+e.Status.String(), 0, b.String())
}

// listed joins untrusted words; "nothing" where there are none.
func listed(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	return prose(cut(strings.Join(cleanAll(words), ", "), maxProse))
}
