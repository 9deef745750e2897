package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

const (
	// commentLimit is how many characters GitHub takes in a comment.
	commentLimit = 65_536
	// minLimit is room for the verdict and for what was cut.
	minLimit = 1_024
	// noteRoom is kept free to say what was cut.
	noteRoom = 400
)

// priority says what stays when not everything fits: the lowest first.
type priority int

const (
	failing priority = iota
	table
	warnings
	evidence
	changes
	priorities int = iota
)

// counted says how many blocks of this priority there are.
func (p priority) counted(n int) string {
	names := [priorities]struct{ one, many string }{
		failing:  {"failing finding", "failing findings"},
		table:    {"table of control points", "tables of control points"},
		warnings: {"warning or note", "warnings and notes"},
		evidence: {"section of evidence", "sections of evidence"},
		changes:  {"list of changes", "lists of changes"},
	}
	return count(n, names[p].one, names[p].many)
}

// block is a part of the document that is shown whole, in its short form, or not.
type block struct {
	priority priority
	text     string
	short    string // empty: there is none
}

// section is a release, or the repository: a heading and the blocks below it.
type section struct {
	heading string
	blocks  []block
}

// writeMarkdown writes the card for a job summary or a comment of GitHub.
func writeMarkdown(w io.Writer, card scorecard.Card, options Options) error {
	limit := max(cmp.Or(options.Limit, commentLimit), minLimit)
	if _, err := io.WriteString(w, document(card, limit)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// document is the card in at most limit bytes.
func document(card scorecard.Card, limit int) string {
	if nothingTouched(card) {
		return prose(cutBytes(untouched(card), limit/8)) + "\n"
	}
	head := documentHead(card)
	shown, left := choose(sections(card), limit-len(head)-noteRoom)
	return head + shown + cutNote(left)
}

// choose takes blocks by priority while they fit into so many bytes, and joins what
// it took in the order of the document. What was left out is counted by priority.
func choose(all []section, room int) (text string, left [priorities]int) {
	taken := make([]strings.Builder, len(all))
	for wanted := range priorities {
		for i := range all {
			room = all[i].take(priority(wanted), &taken[i], room, &left[wanted])
		}
	}
	var b strings.Builder
	for i := range taken {
		b.WriteString(taken[i].String())
	}
	return b.String(), left
}

// take adds the blocks of one priority that fit, the heading before the first one,
// and returns the room that remains.
func (s section) take(wanted priority, to *strings.Builder, room int, left *int) int {
	for _, b := range s.blocks {
		if b.priority != wanted {
			continue
		}
		heading := ""
		if to.Len() == 0 {
			heading = s.heading
		}
		text := heading + b.text
		if len(text) > room && b.short != "" {
			text = heading + b.short
		}
		if len(text) > room {
			*left++
			continue
		}
		to.WriteString(text)
		room -= len(text)
	}
	return room
}

// cutNote says what was left out; empty when everything fitted.
func cutNote(left [priorities]int) string {
	var parts []string
	for at, n := range left {
		if n > 0 {
			parts = append(parts, priority(at).counted(n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "\n> Cut to fit: " + strings.Join(parts, ", ") + ". The JSON report has everything.\n"
}

// documentHead is the verdict, the revisions and the times.
func documentHead(card scorecard.Card) string {
	const room = 100 // bytes of each line before escaping, which at most triples them
	var b strings.Builder
	fmt.Fprintf(&b, "## connectgate: %s\n\n", prose(cutBytes(verdict(card), room)))
	line := fmt.Sprintf("%s to %s", revision(card.Base), revision(card.Head))
	if spent := times(card.Duration, card.Phases); spent != "" {
		line += " in " + spent
	}
	fmt.Fprintf(&b, "%s\n\n", prose(cutBytes(line, room)))
	return b.String()
}

// sections are the releases in the order of the card, then the repository.
func sections(card scorecard.Card) []section {
	all := make([]section, 0, len(card.Releases)+1)
	for _, release := range card.Releases {
		all = append(all, releaseSection(release))
	}
	repository := section{heading: "### repository\n\n", blocks: findingBlocks(card.Findings)}
	repository.add(failing, bullets("could not tell", card.Errors))
	repository.add(evidence, bullets("seen, not read (no manifest refers to it)", card.Unread))
	return append(all, repository)
}

// add appends a block unless it is empty.
func (s *section) add(p priority, text string) {
	if text != "" {
		s.blocks = append(s.blocks, block{priority: p, text: text})
	}
}
