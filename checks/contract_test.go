package checks

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// invoices is the table public.invoices with rows of id and name; "-" is a null name.
func invoices(rows ...string) service.Table {
	table := service.Table{
		Name: "public.invoices", Columns: []service.Column{{Name: "id", Type: "integer"}, {Name: "name", Type: "text"}},
	}
	for i := 0; i < len(rows); i += 2 {
		table.Rows = append(table.Rows, []service.Value{{Text: rows[i]}, {Text: rows[i+1], Null: rows[i+1] == "-"}})
	}
	return table
}

func sample(line int, id, value string) record.Sample {
	s := record.Sample{File: "samples/invoices.jsonl", Line: line, Key: json.RawMessage(`{"id":` + id + `}`)}
	if value != "" {
		s.Value = json.RawMessage(value)
	}
	return s
}

// experiment compares two tables after three samples: an insert and an update of
// id 1, and a tombstone of id 3.
func experiment(base, head service.Table) Experiment {
	manifest := release.Manifest{Spec: release.Spec{Contract: release.Contract{Key: []string{"id"}}}}
	return Experiment{
		Release: change.Release{Name: "invoices-sink", Base: &release.Release{Manifest: manifest}, Head: &release.Release{Manifest: manifest}},
		Samples: []record.Sample{
			sample(1, "1", `{"id":1,"name":"ann"}`), sample(2, "3", `{"id":3,"name":"cid"}`),
			sample(3, "1", `{"id":1,"name":"eve"}`), sample(4, "3", ""),
		},
		Base: leg("base", base), Head: leg("head", head),
	}
}

func leg(side string, tables ...service.Table) *Leg {
	return &Leg{
		Side: side, Tables: tables, Records: 4,
		Subjects: []scorecard.Subject{{Side: side, Name: "plugin", Digest: "sha256:" + side}},
	}
}

func TestContract(t *testing.T) {
	both := invoices("1", "eve", "3", "cid")
	for name, test := range map[string]struct {
		change  func(*Experiment)
		status  scorecard.Status
		summary string
		want    []scorecard.Difference
	}{
		"equal rows pass": {status: scorecard.Pass, summary: "2 rows in 1 tables equal"},
		"a row that only base keeps is traced to its tombstone": {
			change: func(e *Experiment) { e.Head.Tables = []service.Table{invoices("1", "eve")} },
			status: scorecard.Fail, summary: "1 of 2 rows differ between the versions",
			want: []scorecard.Difference{{
				Identity: "id=3", Path: "public.invoices", Kind: scorecard.Removed, Base: "name=cid", Head: "no row",
				Cause: "after a tombstone (samples/invoices.jsonl:4)",
			}},
		},
		"another value is traced to its update": {
			change: func(e *Experiment) { e.Head.Tables = []service.Table{invoices("1", "ann", "3", "cid")} },
			status: scorecard.Fail, summary: "1 of 2 rows differ between the versions",
			want: []scorecard.Difference{{
				Identity: "id=1", Path: "name", Kind: scorecard.Changed, Base: "name=eve", Head: "name=ann",
				Cause: "after an update (samples/invoices.jsonl:3)",
			}},
		},
		"the sentinel is left out": {
			change: func(e *Experiment) {
				e.Head.Tables, e.Head.Sentinels = []service.Table{invoices("1", "eve", "3", "cid", "99", "eve")}, map[string]bool{"id=99": true}
			},
			status: scorecard.Pass, summary: "2 rows in 1 tables equal",
		},
		"a dead letter of head alone is a difference": {
			change: func(e *Experiment) {
				e.Head.DeadLetters = []record.Dead{{Topic: "invoices", Offset: 2, Class: "JsonConverter"}}
			},
			status: scorecard.Fail, summary: "1 of 2 rows differ between the versions",
			want: []scorecard.Difference{{
				Identity: "record invoices 0/2", Path: "dead letters", Kind: scorecard.Added, Base: "no dead letter", Head: "JsonConverter",
			}},
		},
		"a dead letter of base alone is a difference": {
			change: func(e *Experiment) {
				e.Base.DeadLetters = []record.Dead{{Topic: "invoices", Offset: 2, Class: "JsonConverter"}}
			},
			status: scorecard.Fail, summary: "1 of 2 rows differ between the versions",
			want: []scorecard.Difference{{
				Identity: "record invoices 0/2", Path: "dead letters", Kind: scorecard.Removed, Base: "JsonConverter", Head: "no dead letter",
			}},
		},
		"a capture that base's destination refuses is a difference": {
			change: func(e *Experiment) {
				e.Base.Unreadable = map[string]string{"invoices (as head captures it)": "column note does not exist"}
				captured := invoices("1", "eve")
				captured.Name = "invoices (as head captures it)"
				e.Head.Captured = []service.Table{captured}
			},
			status: scorecard.Fail, summary: "1 of 2 rows differ between the versions",
			want: []scorecard.Difference{{
				Path: "invoices (as head captures it)", Kind: scorecard.Added,
				Base: "cannot be read: column note does not exist", Head: "readable",
			}},
		},
		"nothing written is nothing compared": {
			change: func(e *Experiment) {
				e.Base.Tables, e.Head.Tables = []service.Table{invoices()}, []service.Table{invoices()}
			},
			status: scorecard.NotEvaluated,
		},
		"a leg that failed leaves nothing to compare": {
			change: func(e *Experiment) { e.Base.Failure = &scorecard.Failure{Side: "base", Message: "no such class"} },
			status: scorecard.NotEvaluated,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := experiment(both, both)
			if test.change != nil {
				test.change(&e)
			}
			got := e.judge(contract)
			if got.Status != test.status || got.Summary != test.summary {
				t.Errorf("got %s, %q; want %s, %q", got.Status, got.Summary, test.status, test.summary)
			}
			if got.Status == scorecard.NotEvaluated && got.Reason == "" {
				t.Error("not evaluated without a reason")
			}
			if diff := cmp.Diff(test.want, got.Differences); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContract_acceptsWhatIsNamedForTheseBytes(t *testing.T) {
	for name, test := range map[string]struct {
		accept release.Accept
		want   scorecard.Status
	}{
		"this difference between these bytes": {
			release.Accept{Path: "public.invoices", Kind: scorecard.Removed, Base: "sha256:base", Head: "sha256:head"}, scorecard.Warn,
		},
		"any path": {release.Accept{Path: "*", Kind: scorecard.Removed, Base: "sha256:base", Head: "sha256:head"}, scorecard.Warn},
		"another kind": {
			release.Accept{Path: "public.invoices", Kind: scorecard.Added, Base: "sha256:base", Head: "sha256:head"}, scorecard.Fail,
		},
		"other bytes at head": {
			release.Accept{Path: "public.invoices", Kind: scorecard.Removed, Base: "sha256:base", Head: "sha256:later"}, scorecard.Fail,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := experiment(invoices("1", "eve", "3", "cid"), invoices("1", "eve"))
			e.Release.Head.Spec.Contract.Accepts = []release.Accept{test.accept}
			if got := e.judge(contract); got.Status != test.want || len(got.Accepted)+len(got.Differences) != 1 {
				t.Errorf("got %s with %d accepted, %d not", got.Status, len(got.Accepted), len(got.Differences))
			}
		})
	}
}

func TestContract_saysWhatSamplesDoNotExercise(t *testing.T) {
	e := experiment(invoices("1", "eve"), invoices("1", "eve"))
	e.Samples = e.Samples[:1]
	if got := e.judge(contract); !slices.Contains(got.Missing, "delete") || !slices.Contains(got.Exercised, "insert") {
		t.Errorf("exercised %q, missing %q", got.Exercised, got.Missing)
	}
}

func TestStartup(t *testing.T) {
	failure := &scorecard.Failure{Side: "head", Class: scorecard.RuntimeFailure, Message: "task 0 is FAILED: no such method"}
	for name, test := range map[string]struct {
		base, head *scorecard.Failure
		status     scorecard.Status
		side       string
		summary    string
	}{
		"both run":   {status: scorecard.Pass, summary: "both RUNNING, 0 validation errors, 4 records committed"},
		"head fails": {head: failure, status: scorecard.Fail, side: "head", summary: failure.Message},
		"both fail alike, which is no regression": {
			base: failure, head: failure, status: scorecard.Warn, side: "both", summary: "both versions fail alike: " + failure.Message,
		},
		"they fail for different reasons": {
			base: &scorecard.Failure{Side: "base", Message: "other"}, head: failure,
			status: scorecard.Fail, side: "head", summary: failure.Message,
		},
		"base alone fails": {
			base: &scorecard.Failure{Side: "base", Message: "other"}, status: scorecard.Pass,
			summary: "RUNNING, 0 validation errors, 4 records committed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := experiment(invoices(), invoices())
			e.Base.Failure, e.Head.Failure = test.base, test.head
			got := e.judge(startup)
			if got.Status != test.status || got.Summary != test.summary {
				t.Errorf("got %s, %q; want %s, %q", got.Status, got.Summary, test.status, test.summary)
			}
			if (got.Failure == nil) != (test.side == "") || got.Failure != nil && got.Failure.Side != test.side {
				t.Errorf("failure is %+v, want side %q", got.Failure, test.side)
			}
		})
	}
}

func TestStartup_ofANewRelease(t *testing.T) {
	e := experiment(invoices(), invoices())
	e.Base = nil
	if got := e.judge(startup); got.Summary != "RUNNING, 0 validation errors, 4 records committed" || len(got.Subjects) != 1 {
		t.Errorf("got %q with %d subjects", got.Summary, len(got.Subjects))
	}
}
