package service

import (
	"regexp"
	"strings"
)

// statement is one statement of a PostgreSQL script, from its first word to before its
// semicolon.
type statement struct {
	text string
	line int // of its first word
}

// sqlToken finds what may hold a semicolon, or opens and closes what may, at the start of
// a text. Comments that nest and dollar quotes have their end sought by [token].
var sqlToken = regexp.MustCompile(`\A(?s:` +
	`\s+|--[^\n]*|/\*|` + // blanks
	`[eE]'(?:[^'\\]|\\.|'')*'?|'[^']*'?|"[^"]*"?|` + // texts and names; a doubled quote starts the next
	`\$(?:[\pL_][\pL\pN_]*)?\$|` +
	`[\pL_][\pL\pN_$]*|.)`)

// statements cuts a script at the semicolons where the server does. It is used to say
// where a statement stands and what it is, never to send one.
func statements(script string) []statement {
	var found []statement
	var nesting depth
	line, begin, beginLine := 1, -1, 0 // begin of the statement; below 0: between two
	end := func(at int) {
		if begin >= 0 {
			found = append(found, statement{script[begin:at], beginLine})
		}
		begin = -1
	}
	for at := 0; at < len(script); {
		word := token(script[at:])
		switch {
		case word == ";" && nesting == (depth{}):
			end(at)
		case begin < 0 && !isBlank(word):
			begin, beginLine = at, line
		}
		nesting.enter(word)
		line += strings.Count(word, "\n")
		at += len(word)
	}
	end(len(script))
	return found
}

// depth counts what is open, in which a semicolon ends nothing.
type depth struct{ parentheses, blocks int }

func (d *depth) enter(word string) {
	switch strings.ToUpper(word) {
	case "(":
		d.parentheses++
	case ")":
		d.parentheses = max(0, d.parentheses-1)
	case "ATOMIC": // the body of a function
		d.blocks++
	case "CASE":
		if d.blocks > 0 {
			d.blocks++
		}
	case "END":
		d.blocks = max(0, d.blocks-1)
	}
}

// token is the first token of a text that is not empty; at least one byte.
func token(text string) string {
	found := sqlToken.FindString(text)
	switch {
	case found == "/*":
		return text[:commentEnd(text)]
	case len(found) > 1 && found[0] == '$':
		if end := strings.Index(text[len(found):], found); end >= 0 {
			return text[:len(found)+end+len(found)]
		}
		return text
	case found == "": // not UTF-8
		return text[:1]
	default:
		return found
	}
}

// commentEnd is where a comment that starts the text ends; those within it nest.
func commentEnd(text string) int {
	open := 0
	for at := 0; at+1 < len(text); at++ {
		switch text[at : at+2] {
		case "/*":
			open++
			at++
		case "*/":
			open--
			at++
		}
		if open == 0 {
			return at + 1
		}
	}
	return len(text)
}

func isBlank(word string) bool {
	return strings.TrimSpace(word) == "" || strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*")
}

// readsData says whether a statement would wait for data that does not come.
func (s statement) readsData() bool { return copyFromStdin.MatchString(s.text) }

var copyFromStdin = regexp.MustCompile(`(?is)\ACOPY\b.*\bFROM\s+STDIN\b`)
