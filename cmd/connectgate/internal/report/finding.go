package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// findings writes the groups of findings, gravest first. Headings appear where
// there is more than failing ones.
func (t *terminal) findings(findings []scorecard.Finding) {
	for _, g := range groups(findings) {
		mixed := len(g.findings) < len(findings) || g.severity != scorecard.SeverityFail
		if len(g.findings) > 0 && mixed {
			t.line(t.paint(bold, fmt.Sprintf("%s (%d)", g.heading, len(g.findings))))
		}
		for _, finding := range g.findings {
			t.finding(finding)
		}
	}
}

func (t *terminal) finding(finding scorecard.Finding) {
	head := fmt.Sprintf("%s: %s [%s]", place(finding), clean(finding.Message), clean(finding.ID))
	lines := wrap(head, t.width-2)
	for i := range lines {
		lines[i] = t.paint(bold, lines[i])
	}
	t.hang("", "  ", lines)
	t.excerpt(finding)
	if finding.Expected != "" {
		t.wrapped("  expected: ", "            ", clean(finding.Expected))
	}
	if finding.Found != "" {
		t.wrapped("  found:    ", "            ", clean(finding.Found))
	}
	t.differences(finding.Differences)
	if finding.Remedy != "" {
		t.wrapped("  fix: ", "       ", clean(finding.Remedy))
	}
	if len(finding.Hurt) > 0 {
		t.wrapped("  hurts: ", "         ", strings.Join(cleanAll(finding.Hurt), ", "))
	}
	t.line("")
}

// place is where a finding stands: its position, else its release, clean.
func place(finding scorecard.Finding) string {
	switch {
	case finding.Position.File != "":
		return clean(finding.Position.String())
	case finding.Release != "":
		return clean(finding.Release)
	default:
		return "repository"
	}
}

// excerpt shows the source line with its number and a caret below the column.
func (t *terminal) excerpt(finding scorecard.Finding) {
	if strings.TrimSpace(finding.Excerpt) == "" {
		return
	}
	gutter := fmt.Sprintf("%5d | ", finding.Position.Line)
	text, caret := window(finding.Excerpt, finding.Position.Column, t.width-len(gutter))
	t.line(t.paint(dim, gutter) + text)
	if finding.Position.Column > 0 {
		blank := strings.Repeat(" ", len(gutter)-2) + "| "
		t.line(t.paint(dim, blank) + strings.Repeat(" ", caret) + t.paint(red, "^"))
	}
}

// window is the part of a source line around a column (in runes, from 1) that fits
// into so many columns of a terminal, with tabs as blanks, and how many columns
// stand left of the caret.
func window(source string, column, room int) (text string, caret int) {
	cells := sourceCells(source)
	at := min(max(column-1, 0), len(cells))
	start := 0
	for start < at && columns(strings.Join(cells[start:at], "")) > room*2/3 {
		start++
	}
	left := ""
	if start > 0 {
		left = ellipsis
		start++
	}
	start = min(start, at)
	text = left + strings.Join(cells[start:], "")
	return cut(text, room), min(columns(left+strings.Join(cells[start:at], "")), room-1)
}

// sourceCells are the runes of a source line as they are shown.
func sourceCells(source string) []string {
	const tab = 4
	cells := make([]string, 0, utf8.RuneCountInString(source))
	used := 0
	for _, r := range strings.TrimRight(source, "\r\n") {
		cell := visible(r)
		if r == '\t' {
			cell = strings.Repeat(" ", tab-used%tab)
		}
		used += columns(cell)
		cells = append(cells, cell)
	}
	return cells
}

// differences shows what base and head did, side by side, or below each other
// where the terminal is narrow.
func (t *terminal) differences(differences []scorecard.Difference) {
	if len(differences) == 0 {
		return
	}
	shown := differences[:min(len(differences), maxDifferences)]
	if t.width < narrow {
		t.stackedDifferences(shown)
	} else {
		t.differenceTable(shown)
	}
	if more := len(differences) - len(shown); more > 0 {
		t.line(fmt.Sprintf("    and %d more (all are in the JSON report)", more))
	}
}

func (t *terminal) stackedDifferences(differences []scorecard.Difference) {
	for _, d := range differences {
		t.wrapped("    ", "      ", strings.TrimSpace(clean(d.Identity)+"  "+clean(d.Path)))
		t.wrapped("      base  ", "            ", clean(d.Base))
		t.wrapped("      head  ", "            ", clean(d.Head))
		if d.Cause != "" {
			t.wrapped("      ", "      ", clean(d.Cause))
		}
	}
}

// differenceHeads are the columns of differenceCells.
func differenceHeads() []string { return []string{"record", "where", "base", "head", "cause"} }

func differenceCells(d scorecard.Difference) []string {
	return cleanAll([]string{d.Identity, d.Path, d.Base, d.Head, d.Cause})
}

func (t *terminal) differenceTable(differences []scorecard.Difference) {
	const indent, gap, mostLines = "    ", 2, 4
	table := [][]string{differenceHeads()}
	for _, d := range differences {
		table = append(table, differenceCells(d))
	}
	widths := fit(table, t.width-len(indent)-gap*(len(table[0])-1))
	for number, row := range table {
		for _, line := range tableLines(row, widths, mostLines, gap) {
			if number == 0 {
				line = t.paint(dim, line)
			}
			t.line(indent + line)
		}
	}
}

// fit gives each column its natural width and then takes from the widest until all fit.
func fit(table [][]string, room int) []int {
	widths := make([]int, len(table[0]))
	total := 0
	for at := range widths {
		for _, row := range table {
			widths[at] = max(widths[at], columns(row[at]))
		}
		total += widths[at]
	}
	for ; total > room; total-- {
		widest := 0
		for at := range widths {
			if widths[at] > widths[widest] {
				widest = at
			}
		}
		widths[widest]--
	}
	return widths
}

// tableLines wraps the cells of one row below each other.
func tableLines(row []string, widths []int, most, gap int) []string {
	cells := make([][]string, len(row))
	height := 0
	for at, cell := range row {
		cells[at] = wrapAtMost(cell, widths[at], most)
		height = max(height, len(cells[at]))
	}
	lines := make([]string, 0, height)
	for number := range height {
		var line strings.Builder
		for at, cell := range cells {
			text := ""
			if number < len(cell) {
				text = cell[number]
			}
			line.WriteString(pad(text, widths[at]) + strings.Repeat(" ", gap))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}
