//go:build engine

package checks

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/fixtures"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// The files of the scenarios that tests change.
const (
	manifestFile = "releases/invoices-sink/release.yaml"
	configFile   = "releases/invoices-sink/config.json"
	runtimeFile  = "runtimes/billing.yaml"
)

// scenario renders a scenario with the images of this machine.
func scenario(t *testing.T, name string) (base, head fstest.MapFS) {
	t.Helper()
	images, err := fixtures.Images()
	if err != nil {
		t.Fatal(err)
	}
	base, head, err = fixtures.Render(name, images)
	if err != nil {
		t.Fatal(err)
	}
	return base, head
}

// edit replaces text in a file of a tree; text that is not there fails the test.
func edit(t *testing.T, tree fstest.MapFS, file, old, now string) {
	t.Helper()
	text := string(tree[file].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	tree[file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, old, now))}
}

func estate(t *testing.T, tree fstest.MapFS) *release.Estate {
	t.Helper()
	loaded, err := release.Load(tree, release.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Findings) > 0 {
		t.Fatalf("the tree has findings: %+v", loaded.Findings)
	}
	return loaded
}

// try runs all trials of the only release that changed; without a base it is new.
func try(t *testing.T, base, head fstest.MapFS) (map[string]scorecard.Evidence, error) {
	t.Helper()
	before := &release.Estate{}
	if base != nil {
		before = estate(t, base)
	}
	changes := change.Compare(before, estate(t, head))
	if len(changes) != 1 {
		t.Fatalf("%d releases changed", len(changes))
	}
	item := Plan(changes, release.DefaultConfig(), Selection{})[0]
	samples, findings, err := Samples(changes[0], base, head)
	if err != nil || len(findings) > 0 {
		t.Fatalf("samples: %v, %v", findings, err)
	}
	runner := engineRunner(t)
	evidence, err := runner.Run(t.Context(), item, Side{"base", changes[0].Base, base}, Side{"head", changes[0].Head, head}, samples)
	byTrial := map[string]scorecard.Evidence{}
	for _, one := range evidence {
		byTrial[one.Trial] = one
	}
	return byTrial, err
}

func engineRunner(t *testing.T) *Runner {
	t.Helper()
	engine, err := stack.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{
		Engine: engine, ID: fmt.Sprintf("test-%d", time.Now().UnixNano()), Config: release.DefaultConfig(),
		Origin:   plugin.Origin{Local: filepath.Join(home, ".m2", "repository"), Cache: t.TempDir(), Client: &http.Client{}},
		Deadline: time.Now().Add(10 * time.Minute),
		Phase: func(name string) func() {
			begin := time.Now()
			return func() { t.Logf("%-20s %5.1f s", name, time.Since(begin).Seconds()) }
		},
	}
}

func TestTrials_jdbcTombstone(t *testing.T) {
	base, head := scenario(t, "jdbc-tombstone")
	begin := time.Now()
	evidence, err := try(t, base, head)
	if err != nil {
		t.Fatal(err)
	}
	reportRatio(t, time.Since(begin), evidence["trial/startup"].Phases)
	if got := evidence["trial/startup"]; got.Status != scorecard.Pass {
		t.Errorf("startup is %s: %s", got.Status, got.Summary)
	}
	if got := evidence[AdmissionID]; got.Status != scorecard.Pass || len(got.Subjects) != 6 {
		t.Errorf("admission is %s with %d subjects", got.Status, len(got.Subjects))
	}
	contract := evidence["trial/contract"]
	if contract.Status != scorecard.Fail || contract.Summary != "2 of 4 rows differ between the versions" {
		t.Errorf("contract is %s: %s", contract.Status, contract.Summary)
	}
	if diff := cmp.Diff([]scorecard.Difference{
		{
			Identity: "id=1", Path: "public.invoices", Kind: scorecard.Removed, Base: "name=ann", Head: "no row",
			Cause: "after a tombstone (samples/invoices.jsonl:5)",
		},
		{
			Identity: "id=3", Path: "public.invoices", Kind: scorecard.Removed, Base: "name=cid", Head: "no row",
			Cause: "after a tombstone (samples/invoices.jsonl:6)",
		},
	}, contract.Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

// reportRatio logs the wall time against the sum of the container starts, each
// measured until ready, in the same run.
func reportRatio(t *testing.T, wall time.Duration, phases []scorecard.Phase) {
	t.Helper()
	var starts time.Duration
	for _, phase := range phases {
		for _, container := range []string{"broker", "services", "worker"} {
			if strings.HasSuffix(phase.Name, ": "+container) {
				starts += phase.Duration
			}
		}
	}
	t.Logf("wall %.1f s, container starts %.1f s, ratio %.2f", wall.Seconds(), starts.Seconds(), wall.Seconds()/starts.Seconds())
}

func TestTrials_quietTwins(t *testing.T) {
	for name, missing := range map[string]string{
		"jdbc-tombstone-no-tombstones": "delete", "jdbc-tombstone-deletes-off": "unicode",
	} {
		t.Run(name, func(t *testing.T) {
			base, head := scenario(t, name)
			evidence, err := try(t, base, head)
			if err != nil {
				t.Fatal(err)
			}
			for _, trial := range Trials() {
				if got := evidence[trial.ID]; got.Status != scorecard.Pass || len(got.Differences) > 0 {
					t.Errorf("%s is %s: %s%s", trial.ID, got.Status, got.Summary, got.Reason)
				}
			}
			if got := evidence["trial/contract"].Missing; !slices.Contains(got, missing) {
				t.Errorf("missing are %q, not %s", got, missing)
			}
		})
	}
}

// TestTrials_headThatDoesNotStart: each way not to start is a failure of the
// release with its cause, and no error of the gate.
func TestTrials_headThatDoesNotStart(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(t *testing.T, head fstest.MapFS)
		class   scorecard.FailureClass
		pointer string
		message string
	}{
		"the plugin is missing": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, configFile, "JdbcSinkConnector", "JdbcSinkConnectorTwo")
				edit(t, head, manifestFile, "JdbcSinkConnector", "JdbcSinkConnectorTwo")
			},
			class: scorecard.ArtifactFailure, pointer: "/spec/artifact", message: "no installed plugin has the class",
		},
		"the configuration is invalid": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, configFile, `"tasks.max": "1"`, `"tasks.max": "many"`)
			},
			class: scorecard.ConfigurationFailure, pointer: "/config/tasks.max", message: "tasks.max: ",
		},
		"a task fails": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, configFile, `"primary.key.fields": "id"`, `"primary.key.fields": "number"`)
			},
			class: scorecard.RuntimeFailure, message: "task 0 is FAILED: ",
		},
		"the worker exits at once": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, runtimeFile, "org.apache.kafka.connect.json.JsonConverter", "org.example.NoConverter")
			},
			class: scorecard.RuntimeFailure, pointer: "/runtime/image", message: "org.example.NoConverter",
		},
		"a checksum does not match": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, manifestFile, "sha256: bd3573f7", "sha256: 00000000")
			},
			class: scorecard.ArtifactFailure, pointer: "/spec/artifact/plugins/0/sha256", message: "00000000",
		},
		"an init script is wrong": {
			change: func(t *testing.T, head fstest.MapFS) {
				edit(t, head, manifestFile, "env: {POSTGRES_PASSWORD: trial}", "env: {POSTGRES_PASSWORD: trial}\n        init: [schema.sql]")
				head["releases/invoices-sink/schema.sql"] = &fstest.MapFile{Data: []byte("SELECT 1;\nCREATE TABEL invoices ();\n")}
			},
			class: scorecard.ConfigurationFailure, message: "schema.sql:2: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, head := scenario(t, "jdbc-tombstone")
			test.change(t, head)
			evidence, err := try(t, nil, head)
			if err != nil {
				t.Fatal(err)
			}
			failure := evidence["trial/startup"].Failure
			if failure == nil {
				failure = evidence[AdmissionID].Failure
			}
			if failure == nil {
				t.Fatalf("nothing failed: %+v", evidence)
			}
			if failure.Class != test.class || failure.Pointer != test.pointer || !strings.Contains(failure.Message, test.message) {
				t.Errorf("failure is %s at %q: %s", failure.Class, failure.Pointer, failure.Message)
			}
		})
	}
}

func TestTrials_baseThatDoesNotStartIsNoVerdictAboutHead(t *testing.T) {
	base, head := scenario(t, "jdbc-tombstone")
	edit(t, base, configFile, `"primary.key.fields": "id"`, `"primary.key.fields": "number"`)
	evidence, err := try(t, base, head)
	if err == nil || !strings.Contains(err.Error(), "run base of invoices-sink") {
		t.Errorf("the error is %v", err)
	}
	if got := evidence["trial/startup"]; got.Status != scorecard.Pass {
		t.Errorf("startup is %s: %s", got.Status, got.Summary)
	}
	if got := evidence["trial/contract"]; got.Status != scorecard.NotEvaluated || !strings.HasPrefix(got.Reason, "base did not run") {
		t.Errorf("contract is %s: %s", got.Status, got.Reason)
	}
}

func TestTrials_imageThatCannotBeHad(t *testing.T) {
	base, head := scenario(t, "jdbc-tombstone")
	edit(t, head, runtimeFile, "127.0.0.1:5017/", "127.0.0.1:1/")
	evidence, err := try(t, base, head)
	if err == nil {
		t.Errorf("a registry that does not answer gave %+v", evidence)
	}
	for _, one := range evidence {
		if one.Status != scorecard.NotEvaluated || one.Reason == "" {
			t.Errorf("%s is %s, %q", one.Trial, one.Status, one.Reason)
		}
	}
}

func TestTrials_cancelledRunLeavesNothing(t *testing.T) {
	_, head := scenario(t, "jdbc-tombstone")
	runner := engineRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	phase := runner.Phase
	runner.Phase = func(name string) func() {
		if name == "head: worker" {
			cancel()
		}
		return phase(name)
	}
	changes := change.Compare(&release.Estate{}, estate(t, head))
	item := Plan(changes, release.DefaultConfig(), Selection{})[0]
	samples, _, err := Samples(changes[0], nil, head)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := runner.Run(ctx, item, Side{}, Side{"head", changes[0].Head, head}, samples); err == nil {
		t.Error("a cancelled run gave no error")
	}
	t.Logf("ended after %.1f s", time.Since(begin).Seconds())
	removed, err := runner.Engine.Sweep(t.Context(), true)
	if err != nil || removed != 0 {
		t.Errorf("%d were left, %v", removed, err)
	}
}
