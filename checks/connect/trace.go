package connect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// lineRunes is the longest line of a trace that is shown.
const lineRunes = 300

// Cause is the innermost "Caused by" of a Java stack trace, or its first message where
// it has none, with the lines of a message joined: one line of at most 300 runes, with
// control characters escaped. Suppressed exceptions do not count. An empty trace has an
// empty cause. The caller redacts.
func Cause(trace string) string {
	var message []string
	open := true // whether lines still belong to the message
	for line := range strings.Lines(trace) {
		head, caused := strings.CutPrefix(line, "Caused by: ")
		switch {
		case caused:
			message, open = []string{head}, true
		case isFrame(line):
			open = false
		case open:
			message = append(message, line)
		}
	}
	return printable(strings.Join(message, " "), lineRunes)
}

// Shorten cuts the frames out of a Java stack trace and keeps its messages, each line as
// [Cause] prints it. Of more than lines it keeps the first and the last, because the
// innermost cause comes last, and says how many are missing. lines is at least 3.
func Shorten(trace string, lines int) []string {
	var kept []string
	for line := range strings.Lines(trace) {
		text := printable(line, lineRunes)
		if text != "" && !isFrame(line) {
			kept = append(kept, text)
		}
	}
	lines = max(lines, 3)
	if len(kept) <= lines {
		return kept
	}
	tail := lines - 2
	missing := len(kept) - 1 - tail
	return append([]string{kept[0], fmt.Sprintf("... %d more lines", missing)}, kept[len(kept)-tail:]...)
}

// isFrame says whether a line of a trace is one that Java indents: a frame, the count of
// frames left out, a suppressed exception or the cause of one. What else is indented
// belongs to a message.
func isFrame(line string) bool {
	text := strings.TrimLeft(line, " \t")
	return len(text) < len(line) && slices.ContainsFunc([]string{"at ", "... ", "Suppressed: ", "Caused by: "},
		func(start string) bool { return strings.HasPrefix(text, start) })
}

// printable is the text on one line of at most limit runes: white space becomes single
// blanks, other characters that do not print are escaped as Go does.
func printable(text string, limit int) string {
	words := strings.Join(strings.Fields(text), " ")
	var line strings.Builder
	for _, char := range words {
		if unicode.IsPrint(char) {
			line.WriteRune(char)
			continue
		}
		line.WriteString(strings.Trim(strconv.QuoteRuneToASCII(char), "'"))
	}
	runes := []rune(line.String())
	if len(runes) <= limit {
		return line.String()
	}
	return string(runes[:limit-1]) + "…"
}
