package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// zeroWidth stands behind @ and # so that nobody is notified and nothing is linked.
const zeroWidth = "\u200b"

// prose is a clean text in the middle of a line or a cell, without the meaning that
// Markdown, HTML and GitHub would give it.
func prose(text string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "$", "&#36;",
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "[", `\[`, "]", `\]`,
		"@", "@"+zeroWidth, "#", "#"+zeroWidth, "://", "&#58;//", "www.", "www&#46;", "::", "&#58;:",
	).Replace(text)
}

// literal is a clean text within HTML, where Markdown has no backslashes.
func literal(text string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "$", "&#36;",
		`\`, "&#92;", "`", "&#96;", "*", "&#42;", "_", "&#95;", "~", "&#126;", "[", "&#91;", "]", "&#93;",
		"@", "@"+zeroWidth, "#", "#"+zeroWidth, "://", "&#58;//", "www.", "www&#46;",
	).Replace(text)
}

// code is a clean text in code type, also within a table. Nobody is notified from there.
func code(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if strings.ContainsAny(text, "`|\\") || strings.Contains(text, "##[") {
		return "<code>" + literal(text) + "</code>"
	}
	return "`" + text + "`"
}

// backticks are what could end a fence.
var backticks = regexp.MustCompile("`+")

// fence is a block of clean lines in code type; empty without lines.
func fence(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	disarmed := make([]string, len(lines))
	for i, line := range lines {
		disarmed[i] = disarm(line)
	}
	text := strings.Join(disarmed, "\n")
	longest := 2
	for _, run := range backticks.FindAllString(text, -1) {
		longest = max(longest, len(run))
	}
	mark := strings.Repeat("`", longest+1)
	return mark + "text\n" + text + "\n" + mark + "\n\n"
}

// grid is a table of cells that are Markdown already; the first row is the heading.
func grid(rows [][]string) string {
	var b strings.Builder
	for number, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if number == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return b.String() + "\n"
}

// fold hides Markdown behind a clean heading; empty without content. A count of 0 is not shown.
func fold(heading string, number int, content string) string {
	if content == "" {
		return ""
	}
	if number > 0 {
		heading = fmt.Sprintf("%s (%d)", heading, number)
	}
	return "<details><summary>" + literal(heading) + "</summary>\n\n" + content + "</details>\n\n"
}

// bullets is a list of untrusted texts below a heading; empty without items.
func bullets(heading string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	if heading != "" {
		fmt.Fprintf(&b, "%s:\n\n", heading)
	}
	for _, item := range items[:min(len(items), maxBulletItems)] {
		b.WriteString("- " + prose(cut(clean(item), maxCell)) + "\n")
	}
	b.WriteString("\n" + more(len(items)-maxBulletItems))
	return b.String()
}

// more says how many were left out; empty where that is none.
func more(left int) string {
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("and %d more\n\n", left)
}

// cutAll cuts each text to so many columns.
func cutAll(texts []string, limit int) []string {
	for i, text := range texts {
		texts[i] = cut(text, limit)
	}
	return texts
}

// cutBytes shortens a text to so many bytes, at the end of a rune.
func cutBytes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	at := limit - len(ellipsis)
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + ellipsis
}
