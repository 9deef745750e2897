package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

const (
	defaultWidth = 80
	minWidth     = 40
	// narrow is the width below which tables are stacked.
	narrow = 72
)

// writeTerminal writes the card for a person at a terminal or in a log.
func writeTerminal(w io.Writer, card scorecard.Card, options Options) error {
	t := &terminal{width: defaultWidth, color: options.Color}
	if options.Width > 0 {
		t.width = max(options.Width, minWidth)
	}
	t.card(card)
	if _, err := io.WriteString(w, t.out.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// terminal collects the lines of a card. What its methods are given is clean text.
type terminal struct {
	out   strings.Builder
	width int
	color bool
}

func (t *terminal) card(card scorecard.Card) {
	if nothingTouched(card) {
		t.line(untouched(card))
		return
	}
	t.line(t.paint(dim, cut(revision(card.Base)+" -> "+revision(card.Head), t.width)))
	t.line("")
	for _, release := range card.Releases {
		t.release(release)
	}
	if len(card.Findings) > 0 {
		t.line(t.paint(bold, "repository"))
		t.line("")
		t.findings(card.Findings)
	}
	t.list("seen, not read (no manifest refers to it)", cleanAll(card.Unread))
	t.list("could not tell", cleanAll(card.Errors))
	t.verdict(card)
}

func (t *terminal) release(release scorecard.ReleaseCard) {
	t.head(release)
	t.changes(byLayer(release.Changes))
	t.rows(release.Rows)
	t.findings(release.Findings)
	t.evidence(release.Evidence)
	gaps := make([]string, 0, len(release.Gaps))
	for _, gap := range blockingFirst(release.Gaps) {
		gaps = append(gaps, describeGap(gap))
	}
	t.list("not tested", gaps)
	t.list("differs from production", cleanAll(release.Alterations))
}

// head is the release's first line; words that do not fit go to the next line.
func (t *terminal) head(release scorecard.ReleaseCard) {
	name := cut(clean(release.Name), t.width)
	line, used := t.paint(bold, name), columns(name)
	gap := "  "
	for _, word := range title(release) {
		if used+len(gap)+columns(word) > t.width {
			t.line(line)
			lines := wrap(word, t.width-2)
			for _, full := range lines[:len(lines)-1] {
				t.line("  " + full)
			}
			last := lines[len(lines)-1]
			line, used = "  "+last, 2+columns(last)
		} else {
			line += gap + word
			used += len(gap) + columns(word)
		}
		gap = "   "
	}
	t.line(line)
}

// changes lists what differs, with the position where it fits on the same line.
func (t *terminal) changes(changes []scorecard.Change) {
	indent := strings.Repeat(" ", 17)
	if t.width < narrow {
		indent = "    "
	}
	for _, change := range changes[:min(len(changes), maxChanges)] {
		start := "  " + pad(clean(string(change.Layer)), 15)
		if t.width < narrow {
			t.line("  " + clean(string(change.Layer)))
			start = indent
		}
		t.hang(start, indent, t.changeLines(change, t.width-columns(indent)))
	}
	if more := len(changes) - maxChanges; more > 0 {
		t.line(fmt.Sprintf("%sand %d more", indent, more))
	}
	t.line("")
}

// changeLines are one line where that fits, else one for each word, and the position.
func (t *terminal) changeLines(change scorecard.Change, room int) []string {
	words := changeWords(change)
	position := clean(changePosition(change).String())
	lines := []string{strings.Join(words, " ")}
	if columns(lines[0]) > room {
		lines = nil
		for _, word := range words {
			lines = append(lines, wrap(word, room)...)
		}
	}
	last := &lines[len(lines)-1]
	if columns(*last)+2+columns(position) <= room {
		*last += "  " + t.paint(dim, position)
		return lines
	}
	for _, part := range wrap(position, room) {
		lines = append(lines, t.paint(dim, part))
	}
	return lines
}

// rows is the table of control points.
func (t *terminal) rows(rows []scorecard.Row) {
	const pointColumn, statusColumn, mostLines = 22, 14, 3
	if len(rows) == 0 {
		return
	}
	stacked := t.width < narrow
	evidenceAt := 2 + pointColumn + 2 + statusColumn + 2
	heading := "  " + pad("control point", pointColumn) + "  " + pad("status", statusColumn)
	if stacked {
		evidenceAt = 6
	} else {
		heading += "  evidence"
	}
	t.line(t.paint(dim, strings.TrimRight(heading, " ")))
	indent := strings.Repeat(" ", evidenceAt)
	for _, row := range rows {
		word := statusWord(row.Status)
		start := "  " + pad(clean(string(row.ControlPoint)), pointColumn) + "  " +
			t.paint(statusStyle(row.Status), word) + strings.Repeat(" ", max(0, statusColumn-len(word)))
		lines := wrapAtMost(strings.Join(cleanAll(row.Evidence), "; "), t.width-evidenceAt, mostLines)
		if stacked {
			t.line(start)
			start = indent
			if len(row.Evidence) == 0 {
				continue
			}
		} else {
			start += "  "
		}
		t.hang(start, indent, lines)
	}
	t.line("")
}

// evidence shows what a person needs of the trials beside the rows: the log of a
// failure, and the differences that the manifest accepts.
func (t *terminal) evidence(all []scorecard.Evidence) {
	for _, evidence := range all {
		if failure := evidence.Failure; failure != nil {
			t.wrapped("", "  ", failed(evidence))
			for _, line := range lastLines(failure.Log) {
				t.line("  | " + cut(clean(line), t.width-4))
			}
			t.line("")
		}
		if len(evidence.Accepted) > 0 {
			t.wrapped("", "  ", fmt.Sprintf("%s: %s accepted by contract.accepts",
				clean(evidence.Trial), count(len(evidence.Accepted), "difference", "differences")))
			t.differences(evidence.Accepted)
			t.line("")
		}
	}
}

// failed says which trial broke, where and why, clean.
func failed(evidence scorecard.Evidence) string {
	failure := evidence.Failure
	return fmt.Sprintf("%s failed on %s (%s): %s", clean(evidence.Trial), clean(failure.Side),
		clean(string(failure.Class)), clean(failure.Message))
}

// lastLines are as many lines of a log as a person is shown.
func lastLines(log []string) []string { return log[max(0, len(log)-maxLogLines):] }

// list is a heading with wrapped items below it; nothing without items.
func (t *terminal) list(heading string, items []string) {
	if len(items) == 0 {
		return
	}
	t.line(t.paint(bold, heading))
	for _, item := range items {
		t.wrapped("  ", "    ", item)
	}
	t.line("")
}

// verdict is the last line: the decision, what it rests on, and the times.
func (t *terminal) verdict(card scorecard.Card) {
	text := verdict(card)
	if spent := times(card.Duration, card.Phases); spent != "" {
		text += ". " + spent
	}
	style := red
	switch card.Verdict {
	case scorecard.Passed:
		style = green
	case scorecard.Incomplete, scorecard.Waiting, scorecard.Cancelled:
		style = yellow
	case scorecard.Blocked, scorecard.Broken:
	}
	for i, line := range wrap(text, t.width-2) {
		if i == 0 {
			word, rest, _ := strings.Cut(line, ":")
			t.line(t.paint(style, word) + ":" + rest)
		} else {
			t.line("  " + line)
		}
	}
}

// wrapped writes a text with a start of its own and an indent for the lines below.
func (t *terminal) wrapped(start, indent, text string) {
	t.hang(start, indent, wrap(text, t.width-max(columns(start), columns(indent))))
}

// hang writes lines below each other, the first behind start, the others behind indent.
func (t *terminal) hang(start, indent string, lines []string) {
	for i, line := range lines {
		if i == 0 {
			t.line(start + line)
		} else {
			t.line(indent + line)
		}
	}
}

// line writes one line without blanks at its end.
func (t *terminal) line(text string) {
	t.out.WriteString(disarm(strings.TrimRight(text, " ")) + "\n")
}

// style is the number of an ANSI attribute.
type style int

const (
	plain  style = 0
	bold   style = 1
	dim    style = 2
	red    style = 31
	green  style = 32
	yellow style = 33
	cyan   style = 36
)

// paint wraps a text in a colour; never the blanks around it.
func (t *terminal) paint(s style, text string) string {
	if !t.color || s == plain || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", s, text)
}

func statusStyle(status scorecard.Status) style {
	switch status {
	case scorecard.Pass:
		return green
	case scorecard.Fail:
		return red
	case scorecard.Warn, scorecard.Waived:
		return yellow
	case scorecard.NotEvaluated, scorecard.NotApplicable:
		return dim
	}
	return red
}
