// Package gate runs the stages of a decision in order: two revisions become
// estates, changes, findings, evidence and at last a card. Each stage is a
// function of another package; here stands only what follows what.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/connectgate/connectgate/checks"
	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/cmd/connectgate/internal/gitrange"
	"github.com/connectgate/connectgate/policy"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Request is what a run is asked to decide.
type Request struct {
	Dir string // anywhere in the repository
	// Base and Head are revisions; empty: the default branch and HEAD. Head may be "worktree".
	Base, Head string
	// Config is a file to use instead of the target branch's .connectgate.yaml; empty: that one.
	Config    string
	Selection checks.Selection
	DryRun    bool // plan, and start nothing
	CI        bool // what is required and not evaluated blocks
	Enforce   bool
	Version   string
	Now       time.Time
	// Phase reports that a phase begins and returns what to call at its end; safe concurrently.
	Phase func(name string) func()
}

// decision is what a run knows so far, filled in stage by stage.
type decision struct {
	Request
	revisions  gitrange.Range
	config     release.Config
	base, head *release.Estate
	changes    []change.Release
	rules      *policy.Engine
	items      []checks.Item
	// By release name.
	samples  map[string]samples
	evidence map[string][]scorecard.Evidence
	errors   []string
}

// Run decides. The card says what was found, measured and not tested. An error is
// one of usage (*gitrange.UsageError, *release.ConfigError), or one that kept the
// gate from reading the repository at all.
func Run(ctx context.Context, request Request) (scorecard.Card, error) {
	begin := time.Now()
	repository, err := gitrange.Open(ctx, request.Dir)
	if err != nil {
		return scorecard.Card{}, fmt.Errorf("open repository: %w", err)
	}
	defer repository.Close() //nolint:errcheck // ends a reading git process; there is nothing to lose
	d := &decision{Request: request, evidence: map[string][]scorecard.Evidence{}, samples: map[string]samples{}}
	if d.revisions, err = repository.Range(ctx, request.Base, request.Head); err != nil {
		return scorecard.Card{}, fmt.Errorf("find revisions: %w", err)
	}
	touched, err := d.revisions.Touched(ctx)
	if err != nil {
		return scorecard.Card{}, fmt.Errorf("list changed files: %w", err)
	}
	if len(touched) > 0 {
		if err := d.read(); err != nil {
			return scorecard.Card{}, err
		}
		if d.rules, err = policy.New(ctx); err != nil {
			return scorecard.Card{}, fmt.Errorf("compile rules: %w", err)
		}
		if err := d.try(ctx); err != nil {
			return scorecard.Card{}, err
		}
	}
	return d.card(ctx, time.Since(begin))
}

// read loads the configuration of the target branch and the estates of base and
// head, and says what differs.
func (d *decision) read() (err error) {
	defer d.Phase("read manifests")()
	if d.config, err = d.loadConfig(); err != nil {
		return fmt.Errorf("load configuration: %w", err)
	}
	if d.base, err = release.Load(d.revisions.Base.FS, d.config); err != nil {
		return fmt.Errorf("load base: %w", err)
	}
	if d.head, err = release.Load(d.revisions.Head.FS, d.config); err != nil {
		return fmt.Errorf("load head: %w", err)
	}
	d.changes = change.Compare(d.base, d.head)
	d.items = checks.Plan(d.changes, d.config, d.Selection)
	return nil
}

func (d *decision) loadConfig() (release.Config, error) {
	if d.Config == "" {
		return release.LoadConfig(d.revisions.Target.FS)
	}
	if _, err := os.Stat(d.Config); err != nil {
		return release.Config{}, &gitrange.UsageError{
			Msg: fmt.Sprintf("cannot read the configuration %s: %v", d.Config, err), Hint: "name an existing file with --config",
		}
	}
	folder, file := filepath.Split(d.Config)
	return release.LoadConfig(os.DirFS(filepath.Join(folder, file)))
}

// facts is what the rules may know of a change. Evidence is nil before trials.
func (d *decision) facts(changed change.Release, evidence []scorecard.Evidence) policy.Facts {
	return policy.Facts{
		Now: d.Now, CI: d.CI, Base: changed.Base, Head: changed.Head, Changes: changed.Changes,
		Config: d.config, Evidence: evidence,
	}
}

// samples are those of one release, with what is wrong with them.
type samples struct {
	list     []record.Sample
	findings []scorecard.Finding
}

// tree is where a finding's source line stands: head's, or base's for what is gone.
func (d *decision) tree(file string) fs.FS {
	if _, err := fs.Stat(d.revisions.Head.FS, file); errors.Is(err, fs.ErrNotExist) {
		return d.revisions.Base.FS
	}
	return d.revisions.Head.FS
}
