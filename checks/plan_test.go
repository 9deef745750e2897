package checks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// sink is a release that can be tried and compared.
func sink(version string) *release.Release {
	runtime := &release.ConnectRuntime{RuntimeManifest: release.RuntimeManifest{
		Metadata: release.Metadata{Name: "billing"}, Spec: release.RuntimeSpec{Image: "kafka@sha256:0"},
	}}
	return &release.Release{
		Manifest: release.Manifest{
			Metadata: release.Metadata{Name: "invoices-sink"},
			Spec: release.Spec{
				Release: release.Text(version),
				Trial:   release.Trial{Services: map[string]release.Service{"db": {Image: "postgres@sha256:0"}}},
			},
		},
		Config: map[string]string{
			"topics": "invoices, credits", "key.converter": "org.apache.kafka.connect.json.JsonConverter",
			"value.converter": "org.apache.kafka.connect.json.JsonConverter",
		},
		Runtime: runtime, Samples: []string{"samples/invoices.jsonl"},
	}
}

func upgrade() change.Release {
	return change.Release{
		Name: "invoices-sink", Base: sink("2.4.0"), Head: sink("2.4.1"),
		Changes: []scorecard.Change{{
			Layer: scorecard.Artifact, Kind: scorecard.Changed, Pointer: "/spec/artifact/plugins/0/maven", Path: "artifact.plugins[0].maven",
		}},
	}
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*change.Release)
		selection Selection
		want      string // "run", or why each trial is not, startup and contract
	}{
		"an upgrade gets every trial": {want: "run | run"},
		"a deleted release gets none": {
			change: func(r *change.Release) { r.Head = nil },
			want:   "not applicable: the release is deleted | not applicable: the release is deleted",
		},
		"a new release has nothing to compare with": {
			change: func(r *change.Release) { r.Base = nil },
			want:   "run | not applicable: a new release has nothing to compare with",
		},
		"a new owner runs nothing": {
			change: func(r *change.Release) {
				r.Changes = []scorecard.Change{{Layer: scorecard.Contract, Kind: scorecard.Changed, Pointer: "/metadata/owner"}}
			},
			want: "not applicable: nothing that runs has changed | not applicable: nothing that runs has changed",
		},
		"trials are off": {
			selection: Selection{Off: true},
			want:      "not evaluated: not run (--trials off) | not evaluated: not run (--trials off)",
		},
		"one trial is named": {
			selection: Selection{Only: []string{"trial/startup"}}, want: "run | not evaluated: not run (--trials startup)",
		},
		"there are no samples": {
			change: func(r *change.Release) { r.Head.Samples = nil },
			want: "not evaluated: there are no samples: set spec.schema.samples | " +
				"not evaluated: there are no samples: set spec.schema.samples",
		},
		"base had no samples": {
			change: func(r *change.Release) { r.Base.Samples = nil },
			want:   "run | not evaluated: base: there are no samples: set spec.schema.samples",
		},
		"there is no runtime": {
			change: func(r *change.Release) { r.Head.Runtime = nil },
			want: "not evaluated: no runtime is declared: set spec.runtime | " +
				"not evaluated: no runtime is declared: set spec.runtime",
		},
		"the runtime is a managed service": {
			change: func(r *change.Release) { r.Head.Runtime.Spec.Image = "" },
			want:   "not evaluated: runtime billing has no image | not evaluated: runtime billing has no image",
		},
		"the destination is unavailable": {
			change: func(r *change.Release) {
				r.Head.Spec.Trial.Destination, r.Head.Spec.Trial.Reason = "unavailable", "a SaaS"
			},
			want: "not evaluated: the destination cannot run in a container: a SaaS | " +
				"not evaluated: the destination cannot run in a container: a SaaS",
		},
		"it is a source": {
			change: func(r *change.Release) { delete(r.Head.Config, "topics") },
			want: "not evaluated: this version tries sinks only, and the definition names no topics | " +
				"not evaluated: this version tries sinks only, and the definition names no topics",
		},
		"a pattern needs its topics named": {
			change: func(r *change.Release) {
				delete(r.Head.Config, "topics")
				r.Head.Config["topics.regex"] = "inv.*"
			},
			want: "not evaluated: topics.regex needs its topics named in spec.topics.input | " +
				"not evaluated: topics.regex needs its topics named in spec.topics.input",
		},
		"a converter that samples cannot be written for": {
			change: func(r *change.Release) { r.Head.Config["value.converter"] = "com.example.AvroConverter" },
			want:   "not evaluated: choose value.converter | not evaluated: choose value.converter",
		},
		"nothing reads back": {
			change: func(r *change.Release) { r.Head.Spec.Trial.Services = nil },
			want:   "run | not evaluated: nothing reads back what was written: declare the destination in spec.trial.services",
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed := upgrade()
			if test.change != nil {
				test.change(&changed)
			}
			items := Plan([]change.Release{changed}, release.DefaultConfig(), test.selection)
			if got := outline(items[0]); !matches(got, test.want) {
				t.Errorf("the plan is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func outline(item Item) string {
	said := map[string]string{}
	for _, trial := range item.Run {
		said[trial.ID] = "run"
	}
	for _, skipped := range item.Skipped {
		said[skipped.Trial] = skipped.Status.String() + ": " + skipped.Reason
	}
	return said["trial/startup"] + " | " + said["trial/contract"]
}

// matches compares part by part; a wanted part may be the beginning of what is said.
func matches(got, want string) bool {
	parts, wanted := strings.Split(got, " | "), strings.Split(want, " | ")
	return len(parts) == len(wanted) && strings.HasPrefix(parts[0], wanted[0]) && strings.HasPrefix(parts[1], wanted[1])
}

func TestPlan_stopsAtTheLimitAndSaysSo(t *testing.T) {
	config := release.DefaultConfig()
	config.Limits.Releases = 1
	items := Plan([]change.Release{upgrade(), upgrade()}, config, Selection{})
	if got := outline(items[0]); got != "run | run" {
		t.Errorf("the first release: %s", got)
	}
	if got := outline(items[1]); !strings.HasPrefix(got, "not evaluated: limit of 1 releases") {
		t.Errorf("the second release: %s", got)
	}
}

func TestItem_Without_keepsEveryTrialInSight(t *testing.T) {
	item := Plan([]change.Release{upgrade()}, release.DefaultConfig(), Selection{Only: []string{"trial/startup"}})[0]
	got := outline(item.Without("not admitted"))
	if want := "not evaluated: not admitted | not evaluated: not run (--trials startup)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseSelection(t *testing.T) {
	for text, want := range map[string]Selection{
		"":                       {},
		"auto":                   {},
		"off":                    {Off: true},
		"startup":                {Only: []string{"trial/startup"}},
		"trial/contract,startup": {Only: []string{"trial/contract", "trial/startup"}},
	} {
		got, err := ParseSelection(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if _, err := ParseSelection("startup,replya"); err == nil || !strings.Contains(err.Error(), "startup, contract") {
		t.Errorf("an unknown trial gives %v", err)
	}
}
