package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Runner runs the trials of releases, one release after the other.
type Runner struct {
	Engine *stack.Engine
	ID     string // of the run; labels everything it starts
	Config release.Config
	// Origin is where plugins come from; its Tree is set for each side.
	Origin plugin.Origin
	// Phase reports that a phase begins and returns what to call at its end.
	// It is called from several goroutines at once.
	Phase func(name string) func()
	// Deadline is when everything the run started may be swept.
	Deadline time.Time
}

// Run admits both versions of a release and runs the planned trials on the
// admitted bytes. The error says why the gate could not tell (engine, registry,
// broker, base's own leg); the evidence is complete with and without it: what
// could not be evaluated stands in it with its reason.
func (r *Runner) Run(ctx context.Context, item Item, base, head Side, samples []record.Sample) ([]scorecard.Evidence, error) {
	experiment := Experiment{Release: item.Release, Samples: samples, Head: &Leg{Side: head.Name}}
	sides := []Side{head}
	if base.Release != nil && compares(item) {
		experiment.Base = &Leg{Side: base.Name}
		sides = []Side{base, head}
	}
	admitted, err := r.admit(ctx, sides)
	evidence := []scorecard.Evidence{admissionEvidence(item, sides, admitted, err)}
	if err == nil {
		err = r.legs(ctx, experiment, sides, admitted)
	}
	if err == nil && experiment.Base != nil && experiment.Base.Failure != nil && experiment.Head.Failure == nil {
		err = fmt.Errorf("run base of %s: %s", item.Release.Name, experiment.Base.Failure.Message)
		return append(evidence, judge(item, experiment)...), err
	}
	if err != nil {
		var refused *failure
		evidence = append(evidence, item.unevaluated("not run: "+release.Redact(err.Error()))...)
		if errors.As(err, &refused) && refused.Side == head.Name {
			return evidence, nil
		}
		return evidence, fmt.Errorf("try %s: %w", item.Release.Name, err)
	}
	return append(evidence, judge(item, experiment)...), nil
}

func compares(item Item) bool {
	for _, trial := range item.Run {
		if trial.Compares {
			return true
		}
	}
	return false
}

func judge(item Item, experiment Experiment) []scorecard.Evidence {
	var result []scorecard.Evidence
	for _, trial := range item.Run {
		result = append(result, experiment.judge(trial))
	}
	return result
}

// admit admits the sides in order, head's refusal before base's.
func (r *Runner) admit(ctx context.Context, sides []Side) ([]Admitted, error) {
	defer r.Phase("admission")()
	admitted := make([]Admitted, len(sides))
	for i := range sides {
		last := len(sides) - 1 - i
		origin := r.Origin
		origin.Tree = sides[last].Tree
		one := admission{engine: r.Engine, config: r.Config, origin: origin, side: sides[last]}
		var err error
		if admitted[last], err = one.run(ctx); err != nil {
			return admitted, err
		}
	}
	return admitted, nil
}

func admissionEvidence(item Item, sides []Side, admitted []Admitted, err error) scorecard.Evidence {
	evidence := scorecard.Evidence{
		Trial: AdmissionID, Release: item.Release.Name, ControlPoint: scorecard.ArtifactImmutability,
	}
	var refused *failure
	switch {
	case err == nil:
		evidence.Status, evidence.Summary = scorecard.Pass, "images resolved to digests; plugin archives verified"
		for i, side := range sides {
			evidence.Subjects = append(evidence.Subjects, admitted[i].subjects(side.Name)...)
		}
	case errors.As(err, &refused):
		evidence.Status, evidence.Summary, evidence.Failure = scorecard.Fail, refused.Message, &refused.Failure
	default:
		evidence.Reason = release.Redact(err.Error())
	}
	return evidence
}

// legs runs base in lane U and head in lane F: side by side on many cores, one
// after the other on two, where JVMs that start together only slow each other.
func (r *Runner) legs(ctx context.Context, experiment Experiment, sides []Side, admitted []Admitted) error {
	group, ctx := errgroup.WithContext(ctx)
	if runtime.NumCPU() <= 2 {
		group.SetLimit(1)
	}
	for i, leg := range experiment.legs() {
		group.Go(func() error {
			return retried(ctx, &lane{
				Runner: r, leg: leg, side: sides[i], admitted: admitted[i],
				samples: experiment.Samples, captures: captures(sides),
			})
		})
	}
	return group.Wait()
}

// retried runs a lane, and once more where infrastructure failed.
func retried(ctx context.Context, l *lane) error {
	err := l.run(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	again := *l
	again.client, again.databases = nil, nil
	return again.run(ctx)
}
