package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Selection is what --trials asks for. The zero value runs what each change needs.
type Selection struct {
	Off bool
	// Only holds trial ids; empty: no limit.
	Only []string
}

// ParseSelection reads auto, off, or a list of trials such as "startup,contract".
// Its error names the trials there are.
func ParseSelection(text string) (Selection, error) {
	switch text {
	case "", "auto":
		return Selection{}, nil
	case "off":
		return Selection{Off: true}, nil
	}
	var only []string
	for name := range strings.SplitSeq(text, ",") {
		id := "trial/" + strings.TrimPrefix(strings.TrimSpace(name), "trial/")
		if !slices.ContainsFunc(Trials(), func(t Trial) bool { return t.ID == id }) {
			return Selection{}, fmt.Errorf("unknown trial %q: use auto, off, or a list of %s", name, trialNames())
		}
		only = append(only, id)
	}
	return Selection{Only: only}, nil
}

func trialNames() string {
	var names []string
	for _, trial := range Trials() {
		names = append(names, strings.TrimPrefix(trial.ID, "trial/"))
	}
	return strings.Join(names, ", ")
}

// String is the selection as the user would write it.
func (s Selection) String() string {
	switch {
	case s.Off:
		return "off"
	case len(s.Only) == 0:
		return "auto"
	default:
		return strings.ReplaceAll(strings.Join(s.Only, ","), "trial/", "")
	}
}

// Item is the plan for one changed release.
type Item struct {
	Release change.Release
	Run     []Trial
	// Skipped holds a not evaluated or not applicable piece of evidence, with its
	// reason, for every trial that is not run.
	Skipped []scorecard.Evidence
}

// Plan says which trials each changed release gets. No trial is left out in
// silence: it stands in Run or, with a reason, in Skipped.
func Plan(changes []change.Release, config release.Config, selection Selection) []Item {
	items := make([]Item, 0, len(changes))
	tried := 0
	for _, changed := range changes {
		item := Item{Release: changed}
		for _, trial := range Trials() {
			status, reason := skip(trial, changed, selection)
			if reason == "" && tried >= config.Limits.Releases {
				status, reason = scorecard.NotEvaluated, fmt.Sprintf(
					"limit of %d releases a run reached (limits.releases)", config.Limits.Releases)
			}
			if reason == "" {
				item.Run = append(item.Run, trial)
				continue
			}
			item.Skipped = append(item.Skipped, scorecard.Evidence{
				Trial: trial.ID, Release: changed.Name, ControlPoint: trial.ControlPoint, Status: status, Reason: reason,
			})
		}
		if len(item.Run) > 0 {
			tried++
		}
		items = append(items, item)
	}
	return items
}

// skip says why a trial is not run on a change; an empty reason means that it is.
func skip(trial Trial, changed change.Release, selection Selection) (scorecard.Status, string) {
	head := changed.Head
	switch {
	case head == nil:
		return scorecard.NotApplicable, "the release is deleted"
	case !changed.Runs():
		return scorecard.NotApplicable, "nothing that runs has changed"
	case trial.Compares && changed.Base == nil:
		return scorecard.NotApplicable, "a new release has nothing to compare with"
	case selection.Off, len(selection.Only) > 0 && !slices.Contains(selection.Only, trial.ID):
		return scorecard.NotEvaluated, "not run (--trials " + selection.String() + ")"
	}
	reason := cannotRun(head)
	if reason == "" && trial.Compares {
		reason = cannotCompare(changed)
	}
	return scorecard.NotEvaluated, reason
}

// cannotRun says why a release cannot run in a trial; empty: it can.
func cannotRun(r *release.Release) string {
	trial := r.Spec.Trial
	switch {
	case trial.Destination == "unavailable":
		return "the destination cannot run in a container: " + trial.Reason
	case r.Runtime == nil:
		return "no runtime is declared: set spec.runtime"
	case r.Runtime.Spec.Image == "":
		return fmt.Sprintf("runtime %s has no image", r.Runtime.Metadata.Name)
	case r.Config["topics"] == "" && r.Config["topics.regex"] == "":
		return "this version tries sinks only, and the definition names no topics"
	case len(inputTopics(r)) == 0:
		return "topics.regex needs its topics named in spec.topics.input"
	case len(r.Samples) == 0:
		return "there are no samples: set spec.schema.samples"
	}
	if _, err := formats(r); err != nil {
		return err.Error()
	}
	return ""
}

// cannotCompare says why two versions cannot be compared; empty: they can.
func cannotCompare(changed change.Release) string {
	if reason := cannotRun(changed.Base); reason != "" {
		return "base: " + reason
	}
	if len(changed.Head.Spec.Trial.Services) == 0 {
		return "nothing reads back what was written: declare the destination in spec.trial.services"
	}
	return ""
}

// inputTopics are the topics that a sink reads: those of its definition, or where
// that has a pattern those of the manifest.
func inputTopics(r *release.Release) []string {
	var topics []string
	for topic := range strings.SplitSeq(r.Config["topics"], ",") {
		if topic = strings.TrimSpace(topic); topic != "" {
			topics = append(topics, topic)
		}
	}
	if len(topics) > 0 {
		return topics
	}
	for _, topic := range r.Spec.Topics.Input {
		topics = append(topics, topic.Name)
	}
	return topics
}

// Without is the item with none of its trials run, for one reason.
func (i Item) Without(reason string) Item {
	return Item{Release: i.Release, Skipped: append(i.Skipped, i.unevaluated(reason)...)}
}

// Incomparable is the item of a release that has a base which cannot be read: it
// is not new, so that the trials which compare are not evaluated.
func (i Item) Incomparable(reason string) Item {
	skipped := slices.Clone(i.Skipped)
	for at, evidence := range skipped {
		for _, trial := range Trials() {
			if trial.Compares && trial.ID == evidence.Trial && evidence.Status == scorecard.NotApplicable {
				skipped[at].Status, skipped[at].Reason = scorecard.NotEvaluated, reason
			}
		}
	}
	return Item{Release: i.Release, Run: i.Run, Skipped: skipped}
}

// unevaluated is the evidence of planned trials that did not take place.
func (i Item) unevaluated(reason string) []scorecard.Evidence {
	var result []scorecard.Evidence
	for _, trial := range i.Run {
		result = append(result, scorecard.Evidence{
			Trial: trial.ID, Release: i.Release.Name, ControlPoint: trial.ControlPoint, Reason: reason,
		})
	}
	return result
}
