// Package record reads samples, knows their identity and what they exercise,
// and moves records through Kafka. It does not run connectors and does not
// compare what they wrote.
package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// What samples may weigh.
const (
	maxFile    = 1 << 20
	maxSamples = 100_000
)

// Sample is one record as a file states it. Read shares its bytes; they are not changed.
type Sample struct {
	File string // path in the tree
	Line int    // counts from 1
	// Topic is empty where the sample does not say: the release's input topic.
	Topic string
	// Key and Value are compact JSON with numbers as written. Nil is Kafka's null:
	// a value that is nil is a tombstone. {"schema":…,"payload":null} is not nil.
	Key, Value json.RawMessage
	Headers    []Header
	Timestamp  int64 // milliseconds since 1970; 0: when it is produced
}

// Header is one header of a record; a nil Value is null. Keys may repeat.
type Header struct {
	Key   string
	Value json.RawMessage
}

// SampleError says that a sample is wrong, and where. It is a finding.
type SampleError struct {
	Position scorecard.Position
	Msg      string // without position; names what to write instead
}

// Error is file:line:column: message.
func (e *SampleError) Error() string { return e.Position.String() + ": " + e.Msg }

// Read reads files of JSON lines: one sample a line, UTF-8, blank lines skipped,
// at most 1 MiB a file and 100,000 samples in all, in the order of files and
// lines. A *SampleError is the first thing that is wrong with a sample; any
// other error comes from the tree.
func Read(tree fs.FS, files []string) ([]Sample, error) {
	var samples []Sample
	for _, name := range files {
		text, err := readFile(tree, name)
		if err != nil {
			return nil, err
		}
		number := 0
		for line := range bytes.Lines(text) {
			number++
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			current := source{file: name, line: number, text: bytes.TrimRight(line, " \t\r\n")}
			if len(samples) == maxSamples {
				return nil, current.fail(0, "there are more than %d samples; use fewer that differ", maxSamples)
			}
			sample, err := current.sample()
			if err != nil {
				return nil, err
			}
			samples = append(samples, sample)
		}
	}
	return samples, nil
}

func readFile(tree fs.FS, name string) ([]byte, error) {
	file, err := tree.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read samples: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read samples %s: %w", name, err)
	}
	if len(text) > maxFile {
		return nil, &SampleError{Position: scorecard.Position{File: name}, Msg: "the file is larger than 1 MiB; split it"}
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}
