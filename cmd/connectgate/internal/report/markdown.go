package report

import (
	"io"

	"github.com/connectgate/connectgate/policy/scorecard"
)

func writeMarkdown(w io.Writer, card scorecard.Card, options Options) error {
	return writeTerminal(w, card, options)
}
