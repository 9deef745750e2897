package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/connectgate/connectgate/checks"
	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// sweepAfter is how long after a run's own limit what it left may be taken away.
const sweepAfter = 5 * time.Minute

// try reads the samples of every planned release, lets the admission rules speak,
// and runs the trials of what is left. Only an error of the rules or of the trees
// ends the run; whatever keeps a trial from running stands in its evidence.
func (d *decision) try(ctx context.Context) error {
	for i, item := range d.items {
		list, findings, err := checks.Samples(item.Release, d.revisions.Base.FS, d.revisions.Head.FS)
		if err != nil {
			return fmt.Errorf("read samples: %w", err)
		}
		d.samples[item.Release.Name] = samples{list, findings}
		reason, err := d.refusal(ctx, item.Release, findings)
		if err != nil {
			return err
		}
		if reason != "" {
			d.items[i] = item.Without(reason)
		}
	}
	if d.DryRun {
		for i, item := range d.items {
			d.items[i] = item.Without("planned, not run (--dry-run)")
		}
	}
	d.runTrials(ctx)
	return nil
}

// refusal says why a release may not run: a failed admission rule, or samples
// that cannot be read. Naming trials explicitly gets past a rule on a laptop only.
func (d *decision) refusal(ctx context.Context, changed change.Release, findings []scorecard.Finding) (string, error) {
	if slices.ContainsFunc(findings, fails) {
		return "a sample cannot be read", nil
	}
	decided, err := d.rules.Decide(ctx, d.facts(changed, nil))
	if err != nil {
		return "", fmt.Errorf("admit %s: %w", changed.Name, err)
	}
	if len(d.Selection.Only) > 0 && !d.CI {
		return "", nil
	}
	admission := map[string]bool{}
	for _, rule := range d.rules.Rules() {
		admission[rule.ID] = rule.Admission
	}
	for _, finding := range decided.Findings {
		if admission[finding.ID] && fails(finding) {
			return "not admitted: " + finding.Message + " [" + finding.ID + "]", nil
		}
	}
	return "", nil
}

func fails(finding scorecard.Finding) bool { return finding.Severity == scorecard.SeverityFail }

// runTrials runs what is planned on one engine, within the configured limit.
func (d *decision) runTrials(ctx context.Context) {
	if !slices.ContainsFunc(d.items, func(item checks.Item) bool { return len(item.Run) > 0 }) {
		return
	}
	limit := time.Duration(d.config.Limits.Trials)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the trials took longer than %s (limits.trials)", limit))
	defer cancel()
	runner, err := d.runner(ctx, limit)
	if err != nil {
		d.errors = append(d.errors, err.Error())
		for i, item := range d.items {
			d.items[i] = item.Without("not run: " + err.Error())
		}
		return
	}
	defer runner.Engine.Close() //nolint:errcheck // only idle connections are left
	for _, item := range d.items {
		if len(item.Run) == 0 {
			continue
		}
		base := checks.Side{Name: "base", Release: item.Release.Base, Tree: d.revisions.Base.FS}
		head := checks.Side{Name: "head", Release: item.Release.Head, Tree: d.revisions.Head.FS}
		evidence, err := runner.Run(ctx, item, base, head, d.samples[item.Release.Name].list)
		d.evidence[item.Release.Name] = evidence
		if err != nil {
			d.errors = append(d.errors, err.Error())
		}
	}
}

// runner connects to the engine and takes away what a killed run left.
func (d *decision) runner(ctx context.Context, limit time.Duration) (*checks.Runner, error) {
	engine, err := stack.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the container engine: %w", err)
	}
	if _, err := engine.Sweep(ctx, false); err != nil {
		return nil, errors.Join(fmt.Errorf("sweep what earlier runs left: %w", err), engine.Close())
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find the local Maven repository: %w", err), engine.Close())
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find a folder for plugin archives: %w", err), engine.Close())
	}
	return &checks.Runner{
		Engine: engine, ID: strings.ToLower(rand.Text()), Config: d.config, Phase: d.Phase,
		Deadline: time.Now().Add(limit + sweepAfter),
		Origin: plugin.Origin{
			Local: filepath.Join(home, ".m2", "repository"), Cache: filepath.Join(cache, "connectgate"), Client: &http.Client{},
			Repositories: d.config.Plugins.Repositories, Hosts: d.config.Plugins.Hosts,
		},
	}, nil
}
