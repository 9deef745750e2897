package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Limits of a log: a container may write as much as it likes.
const (
	logBytes  = 4 << 20
	lineRunes = 2000
)

// Log returns the last lines that the container wrote to its outputs, oldest
// first, without ends of line, control characters escaped, each cut at 2,000
// characters. It works on one that has ended too. What looks like a secret is
// not masked.
func (c *Container) Log(ctx context.Context, lines int) ([]string, error) {
	stream, err := c.engine.client.ContainerLogs(ctx, c.id, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines),
	})
	if err != nil {
		return nil, fmt.Errorf("read log of container %s: %w", c.Name, err)
	}
	defer func() { _ = stream.Close() }()
	var text bytes.Buffer
	// A log cut at the limit ends within a frame, which is no error.
	if _, err := stdcopy.StdCopy(&text, &text, io.LimitReader(stream, logBytes)); err != nil && text.Len() == 0 {
		return nil, fmt.Errorf("read log of container %s: %w", c.Name, err)
	}
	return printable(text.String()), nil
}

// printable splits a log into lines that a terminal can show.
func printable(text string) []string {
	lines := []string{}
	for line := range strings.Lines(strings.ToValidUTF8(text, "\uFFFD")) {
		lines = append(lines, escape(strings.TrimRight(line, "\r\n")))
	}
	return lines
}

func escape(line string) string {
	var escaped strings.Builder
	for count, r := range []rune(line) {
		switch {
		case count == lineRunes:
			return escaped.String() + " ..."
		case r == '\t' || unicode.IsPrint(r):
			escaped.WriteRune(r)
		default:
			escaped.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return escaped.String()
}

// last is the last line that says something.
func last(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return "(it wrote none)"
}
