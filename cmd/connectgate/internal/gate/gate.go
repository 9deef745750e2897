// Package gate runs the stages of a decision in order: two revisions become
// estates, changes, findings, evidence and at last a card. Each stage is a
// function of another package; here stands only what follows what.
package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	// Hint tells the user something that changes no decision.
	Hint func(text string)
}

// decision is what a run knows so far, filled in stage by stage.
type decision struct {
	Request
	revisions  gitrange.Range
	config     release.Config
	base, head *release.Estate
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
	if err := d.hintUncommitted(ctx, repository); err != nil {
		return scorecard.Card{}, err
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

// hintUncommitted says that HEAD was judged and the files on disk were not.
func (d *decision) hintUncommitted(ctx context.Context, repository *gitrange.Repository) error {
	if d.Head != "" {
		return nil
	}
	uncommitted, err := repository.Uncommitted(ctx)
	if err != nil {
		return fmt.Errorf("look for uncommitted changes: %w", err)
	}
	if uncommitted {
		d.Hint("uncommitted changes are not judged; --head worktree judges the files on disk")
	}
	return nil
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
	for _, item := range checks.Plan(change.Compare(d.base, d.head), d.config, d.Selection) {
		if item.Release.Base == nil && unread(d.base.Findings, item.Release.Name, item.Release.Head.File) {
			item = item.Incomparable("base's manifest cannot be read")
		}
		d.items = append(d.items, item)
	}
	return nil
}

// unread says whether findings are about a release that could not be read.
func unread(findings []scorecard.Finding, name, file string) bool {
	return slices.ContainsFunc(findings, func(f scorecard.Finding) bool {
		return f.Severity == scorecard.SeverityFail && (f.Release == name || f.Position.File == file)
	})
}

func (d *decision) loadConfig() (release.Config, error) {
	if d.Config == "" {
		return release.LoadConfig(d.revisions.Target.FS, release.ConfigFile)
	}
	if _, err := os.Stat(d.Config); err != nil {
		return release.Config{}, &gitrange.UsageError{
			Msg: fmt.Sprintf("cannot read the configuration %s: %v", d.Config, err), Hint: "name an existing file with --config",
		}
	}
	return release.LoadConfig(os.DirFS(filepath.Dir(d.Config)), filepath.Base(d.Config))
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
