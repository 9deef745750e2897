package checks

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Samples reads the samples that a change is tried with: base's in their order,
// then those that only head has. Base's stay in, so that nobody gets to green by
// deleting one; what head removed is a finding, and so is what cannot be read.
// An error is an I/O error of a tree.
func Samples(changed change.Release, base, head fs.FS) ([]record.Sample, []scorecard.Finding, error) {
	if changed.Head == nil {
		return nil, nil, nil
	}
	wanted, findings, err := readSamples(changed.Head, head)
	if err != nil || changed.Base == nil {
		return wanted, findings, err
	}
	// What is wrong with base's samples is not this change's doing.
	kept, _, err := readSamples(changed.Base, base)
	if err != nil {
		return nil, nil, err
	}
	merged, atBase, atHead := kept, contents(kept), contents(wanted)
	for _, sample := range wanted {
		if !atBase[content(sample)] {
			merged = append(merged, sample)
		}
	}
	for _, sample := range kept {
		if len(findings) == 0 && !atHead[content(sample)] {
			findings = append(findings, removedSample(changed, sample))
		}
	}
	return merged, findings, nil
}

// readSamples reads one side's samples and gives each its topic.
func readSamples(r *release.Release, tree fs.FS) ([]record.Sample, []scorecard.Finding, error) {
	samples, err := record.Read(tree, r.Samples)
	bad, invalid := errors.AsType[*record.SampleError](err)
	if err != nil && !invalid {
		return nil, nil, fmt.Errorf("read samples of %s: %w", r.Metadata.Name, err)
	}
	topics := inputTopics(r)
	for i, sample := range samples {
		switch {
		case slices.Contains(topics, sample.Topic):
		case sample.Topic == "" && len(topics) == 1:
			samples[i].Topic = topics[0]
		default:
			bad = &record.SampleError{
				Position: scorecard.Position{File: sample.File, Line: sample.Line},
				Msg:      fmt.Sprintf("the sample's topic is %q, and the connector reads %s", sample.Topic, strings.Join(topics, ", ")),
			}
		}
	}
	if bad == nil {
		return samples, nil, nil
	}
	return nil, []scorecard.Finding{{
		ID: "release/sample-invalid", Release: r.Metadata.Name,
		ControlPoint: scorecard.CompatibilityTest, Layer: scorecard.Contract, Severity: scorecard.SeverityFail,
		Position: bad.Position, Message: bad.Msg,
		Remedy: "write one JSON object a line, with key, value (null for a tombstone) and, where there are several, topic",
	}}, nil
}

func removedSample(changed change.Release, sample record.Sample) scorecard.Finding {
	return scorecard.Finding{
		ID: "release/sample-removed", Release: changed.Name,
		ControlPoint: scorecard.CompatibilityTest, Layer: scorecard.Contract, Severity: scorecard.SeverityWarn,
		Position: scorecard.Position{File: sample.File, Line: sample.Line},
		Message:  "head removes a sample that base has; it is still used in this run",
		Remedy:   "put the sample back, or let the owner approve its removal",
	}
}

// contents are the samples by what they say: where a sample stands does not matter.
func contents(samples []record.Sample) map[string]bool {
	set := make(map[string]bool, len(samples))
	for _, sample := range samples {
		set[content(sample)] = true
	}
	return set
}

func content(sample record.Sample) string {
	return fmt.Sprintf("%q %q %q %d %q", sample.Topic, sample.Key, sample.Value, sample.Timestamp, sample.Headers)
}
