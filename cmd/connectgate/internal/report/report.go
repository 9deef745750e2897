// Package report writes a scorecard for those who read it: a terminal, a machine,
// a pull request. It judges nothing and knows nothing of where the output goes.
package report

import (
	"io"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// Format is one way to write a card.
type Format struct {
	// Name is what --format calls it.
	Name string
	// Write writes the whole card. All text of the card is taken as untrusted and
	// escaped. The error is the writer's own.
	Write func(io.Writer, scorecard.Card, Options) error
}

// Formats are all formats; the first is the default.
func Formats() []Format {
	return []Format{
		{Name: "terminal", Write: writeTerminal},
		{Name: "json", Write: writeJSON},
		{Name: "markdown", Write: writeMarkdown},
	}
}

// Options say what the output is written to. The zero value suits a file.
type Options struct {
	// Width is the number of columns of a terminal. 0 means 80; less than 40 is taken as 40.
	Width int
	// Color allows ANSI colours on a terminal.
	Color bool
	// Limit is the most bytes that Markdown may take; 0 means 65,536, as many
	// characters as GitHub takes in a comment. A job summary takes 1,048,576 bytes.
	Limit int
}
