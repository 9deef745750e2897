package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// clean makes untrusted text safe to show on one line: what does not print by
// itself (control characters, ANSI and bidirectional sequences, invisible ones,
// bytes that are no UTF-8) becomes a visible escape.
func clean(text string) string {
	var b strings.Builder
	for at, size := 0, 0; at < len(text); at += size {
		var r rune
		r, size = utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[at])
		} else {
			b.WriteString(visible(r))
		}
	}
	return b.String()
}

// cleanAll cleans each text.
func cleanAll(texts []string) []string {
	result := make([]string, len(texts))
	for i, text := range texts {
		result[i] = clean(text)
	}
	return result
}

// visible is a rune as it may be shown.
func visible(r rune) string {
	switch {
	case unicode.IsPrint(r) && r != '\u2800' && r != '\u3164' && r != '\uffa0': // blanks that count as letters
		return string(r)
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// columns is how many columns a clean text takes on a terminal.
func columns(text string) int {
	total := 0
	for _, r := range text {
		total += runeColumns(r)
	}
	return total
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
		return 1
	}
	return 1
}

// ellipsis says that something was cut.
const ellipsis = "…"

// cut shortens a text to so many columns; what is missing at its end shows as an ellipsis.
func cut(text string, limit int) string {
	if columns(text) <= limit {
		return text
	}
	return text[:fitting(text, limit-1)] + ellipsis
}

// fitting is how many bytes of text fit into so many columns: whole runes, and at least one.
func fitting(text string, limit int) int {
	used := 0
	for at, r := range text {
		used += runeColumns(r)
		if used > limit && at > 0 {
			return at
		}
	}
	return len(text)
}

// pad fills a text with blanks to so many columns.
func pad(text string, to int) string {
	return text + strings.Repeat(" ", max(0, to-columns(text)))
}

// wrap breaks a clean text at blanks into lines of at most so many columns; a word
// that is longer is broken. There is always a line.
func wrap(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && columns(line)+1+columns(word) <= limit {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for columns(word) > limit {
			at := breaking(word, limit)
			lines = append(lines, word[:at])
			word = word[at:]
		}
		line = word
	}
	return append(lines, line)
}

// breaking is where a word too long for a line is broken: behind the last
// punctuation in the line's second half, else where the line ends.
func breaking(word string, limit int) int {
	at := fitting(word, limit)
	if mark := strings.LastIndexAny(word[:at], "/:,;=@&?"); mark >= at/2 {
		return mark + 1
	}
	return at
}

// wrapAtMost wraps into so many lines; what is missing shows as an ellipsis.
func wrapAtMost(text string, limit, most int) []string {
	lines := wrap(text, limit)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = cut(lines[most-1]+" "+ellipsis, limit)
	}
	return lines
}

// count is a number with its word in the right form.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// disarm breaks what GitHub's runner would obey in the log of a job: a line that
// begins with "::", and "##[" anywhere.
func disarm(line string) string {
	line = strings.ReplaceAll(line, "##[", `##\x5b`)
	if unindented := strings.TrimLeft(line, " "); strings.HasPrefix(unindented, "::") {
		return line[:len(line)-len(unindented)] + `\x3a` + unindented[1:]
	}
	return line
}
