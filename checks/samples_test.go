package checks

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

const samplesFile = "samples/invoices.jsonl"

func tree(lines string) fstest.MapFS {
	return fstest.MapFS{samplesFile: {Data: []byte(lines)}}
}

func TestSamples(t *testing.T) {
	const (
		insert    = `{"key":{"id":1},"value":{"id":1},"topic":"invoices"}` + "\n"
		tombstone = `{"key":{"id":1},"value":null,"topic":"invoices"}` + "\n"
		header    = `{"key":{"id":1},"value":{"id":1},"topic":"invoices","headers":[{"key":"a","value":1}]}` + "\n"
	)
	for name, test := range map[string]struct {
		base, head string
		want       int
		finding    string
		position   scorecard.Position
	}{
		"the same on both sides are used once":             {base: insert + tombstone, head: insert + tombstone, want: 2},
		"what head adds comes after base's":                {base: insert, head: tombstone + insert, want: 2},
		"a header makes another sample":                    {base: insert, head: insert + header, want: 2},
		"a blank line moves a sample and changes nothing":  {base: insert + tombstone, head: insert + "\n" + tombstone, want: 2},
		"what head removes is still used, and is reported": {base: insert + tombstone, head: insert, want: 2, finding: "release/sample-removed", position: scorecard.Position{File: samplesFile, Line: 2}},
		"what is not JSON is a finding at its line":        {base: insert, head: insert + "{id: 1}\n", want: 1, finding: "release/sample-invalid", position: scorecard.Position{File: samplesFile, Line: 2, Column: 2}},
		"a sample must say which of two topics":            {base: insert, head: insert + `{"key":1,"value":2}` + "\n", want: 1, finding: "release/sample-invalid", position: scorecard.Position{File: samplesFile, Line: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			changed := upgrade()
			changed.Base.Samples, changed.Head.Samples = []string{samplesFile}, []string{samplesFile}
			list, findings, err := Samples(changed, tree(test.base), tree(test.head))
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != test.want {
				t.Errorf("%d samples, want %d", len(list), test.want)
			}
			if test.finding == "" && len(findings) == 0 {
				return
			}
			if len(findings) != 1 || findings[0].ID != test.finding {
				t.Fatalf("findings are %+v, want one %s", findings, test.finding)
			}
			if diff := cmp.Diff(test.position, findings[0].Position); diff != "" {
				t.Errorf("position (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSamples_ofANewAndADeletedRelease(t *testing.T) {
	changed := upgrade()
	changed.Base = nil
	list, findings, err := Samples(changed, nil, tree(`{"key":1,"value":2,"topic":"invoices"}`))
	if err != nil || len(list) != 1 || len(findings) != 0 {
		t.Errorf("new: %d samples, %v, %v", len(list), findings, err)
	}
	list, findings, err = Samples(change.Release{Base: sink("1")}, nil, nil)
	if err != nil || list != nil || findings != nil {
		t.Errorf("deleted: %v, %v, %v", list, findings, err)
	}
}

func TestSamples_ofATreeThatCannotBeRead(t *testing.T) {
	changed := upgrade()
	changed.Base = &release.Release{}
	if _, _, err := Samples(changed, tree(""), fstest.MapFS{}); err == nil {
		t.Error("a missing file is no error")
	}
}
