package checks

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// contract proves that both versions leave the same content behind: values,
// types, nulls and keys of every row at the destination, declared or not, and
// the dead letters. Counts and states are not compared; rows are.
var contract = Trial{
	ID:           "trial/contract",
	ControlPoint: scorecard.DestinationValidation,
	Doc: "On the same records both versions leave the same rows, values, types and dead letters behind, " +
		"also in tables that nobody declared.",
	Compares: true,
	Judge:    judgeContract,
}

func judgeContract(e Experiment, evidence *scorecard.Evidence) {
	for _, leg := range e.legs() {
		if leg.Failure != nil {
			evidence.Reason = fmt.Sprintf("%s did not run, so there is nothing to compare: %s", leg.Side, leg.Failure.Message)
			return
		}
	}
	key := e.Release.Head.Spec.Contract.Key
	evidence.Exercised, evidence.Missing = record.Exercised(e.Samples, key)
	differences, uncompared := e.differences(key)
	accepts := e.Release.Head.Spec.Contract.Accepts
	for _, difference := range differences {
		if accepted(difference, accepts, evidence.Subjects) {
			evidence.Accepted = append(evidence.Accepted, difference)
		} else {
			evidence.Differences = append(evidence.Differences, difference)
		}
	}
	evidence.Status, evidence.Summary = e.outcome(evidence)
	switch {
	case evidence.Status == scorecard.NotEvaluated:
		evidence.Reason = "neither version wrote a row"
	case evidence.Status != scorecard.Fail && len(uncompared) > 0:
		evidence.Status = scorecard.NotEvaluated
		evidence.Reason = "more rows than are read: " + strings.Join(uncompared, ", ")
	}
}

// outcome is the status and the line for the card.
func (e Experiment) outcome(evidence *scorecard.Evidence) (scorecard.Status, string) {
	tables := e.readable(e.Head)
	rows := max(count(tables)-len(e.Head.Sentinels), count(e.readable(e.Base))-len(e.Base.Sentinels))
	switch {
	case len(evidence.Differences) > 0:
		return scorecard.Fail, fmt.Sprintf("%d of %d rows differ between the versions", len(identities(evidence.Differences)), rows)
	case len(evidence.Accepted) > 0:
		return scorecard.Warn, fmt.Sprintf("%d accepted differences in %d rows (contract.accepts)", len(evidence.Accepted), rows)
	case rows <= 0:
		return scorecard.NotEvaluated, ""
	default:
		return scorecard.Pass, fmt.Sprintf("%d rows in %d tables equal", rows, len(tables))
	}
}

func count(tables []service.Table) int {
	rows := 0
	for _, table := range tables {
		rows += len(table.Rows)
	}
	return rows
}

func identities(differences []scorecard.Difference) map[string]bool {
	set := map[string]bool{}
	for _, difference := range differences {
		set[difference.Identity] = true
	}
	return set
}

// differences compares what the legs left behind and says which sample led to each difference.
// Uncompared are tables that are too large to be read whole.
func (e Experiment) differences(key []string) (differences []scorecard.Difference, uncompared []string) {
	ignore := map[string]bool{}
	for _, leg := range e.legs() {
		for identity := range leg.Sentinels {
			ignore[identity] = true
		}
	}
	differences, uncompared = Rows(e.readable(e.Base), e.readable(e.Head), key, ignore)
	differences = append(differences, e.unreadable()...)
	differences = append(differences, deadLetters(e.Base.DeadLetters, e.Head.DeadLetters)...)
	for i := range differences {
		if differences[i].Identity != "" && differences[i].Cause == "" {
			differences[i].Cause = e.cause(differences[i].Identity, key)
		}
	}
	return differences, uncompared
}

// readable are the tables of a leg that the other leg could read too.
func (e Experiment) readable(leg *Leg) []service.Table {
	tables := slices.Concat(leg.Captured, leg.Tables)
	return slices.DeleteFunc(tables, func(table service.Table) bool {
		return e.Base.Unreadable[table.Name] != "" || e.Head.Unreadable[table.Name] != ""
	})
}

// unreadable are captures of one version that the other version's destination refuses.
func (e Experiment) unreadable() []scorecard.Difference {
	var differences []scorecard.Difference
	for _, name := range slices.Sorted(maps.Keys(e.Base.Unreadable)) {
		differences = append(differences, scorecard.Difference{
			Path: name, Kind: scorecard.Added, Base: "cannot be read: " + e.Base.Unreadable[name], Head: "readable",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Head.Unreadable)) {
		differences = append(differences, scorecard.Difference{
			Path: name, Kind: scorecard.Removed, Base: "readable", Head: "cannot be read: " + e.Head.Unreadable[name],
		})
	}
	return differences
}

// cause names the last sample of an identity, which decides what is left of it,
// by its path from the manifest.
func (e Experiment) cause(identity string, key []string) string {
	folder := path.Dir(e.Release.Head.File) + "/"
	for i, sample := range slices.Backward(e.Samples) {
		if named, ok := sample.Identity(key); !ok || named != identity {
			continue
		}
		what := "an insert"
		switch {
		case sample.Value == nil:
			what = "a tombstone"
		case seenBefore(e.Samples[:i], identity, key):
			what = "an update"
		}
		return fmt.Sprintf("after %s (%s:%d)", what, strings.TrimPrefix(sample.File, folder), sample.Line)
	}
	return ""
}

func seenBefore(samples []record.Sample, identity string, key []string) bool {
	return slices.ContainsFunc(samples, func(s record.Sample) bool {
		named, ok := s.Identity(key)
		return ok && named == identity
	})
}

// deadLetters compares by the position of the original record, which is the same
// on both sides because both were given the same samples in the same order.
func deadLetters(base, head []record.Dead) []scorecard.Difference {
	was, is := byOrigin(base), byOrigin(head)
	var differences []scorecard.Difference
	for origin, letter := range is {
		if before, known := was[origin]; !known {
			differences = append(differences, deadLetter(scorecard.Added, origin, "no dead letter", letter.Class))
		} else if before.Class != letter.Class {
			differences = append(differences, deadLetter(scorecard.Changed, origin, before.Class, letter.Class))
		}
	}
	for origin, letter := range was {
		if _, known := is[origin]; !known {
			differences = append(differences, deadLetter(scorecard.Removed, origin, letter.Class, "no dead letter"))
		}
	}
	slices.SortFunc(differences, func(a, b scorecard.Difference) int { return cmp.Compare(a.Identity, b.Identity) })
	return differences
}

func byOrigin(letters []record.Dead) map[string]record.Dead {
	result := make(map[string]record.Dead, len(letters))
	for _, letter := range letters {
		result[letter.Topic+" "+strconv.Itoa(int(letter.Partition))+"/"+strconv.FormatInt(letter.Offset, 10)] = letter
	}
	return result
}

func deadLetter(kind, origin, base, head string) scorecard.Difference {
	return scorecard.Difference{Identity: "record " + origin, Path: "dead letters", Kind: kind, Base: base, Head: head}
}

// accepted says whether an entry of contract.accepts names the difference and was
// written for these very bytes.
func accepted(difference scorecard.Difference, accepts []release.Accept, subjects []scorecard.Subject) bool {
	return slices.ContainsFunc(accepts, func(accept release.Accept) bool {
		return (accept.Path == "*" || accept.Path == difference.Path) && accept.Kind == difference.Kind &&
			ran(subjects, "base", accept.Base) && ran(subjects, "head", accept.Head)
	})
}

func ran(subjects []scorecard.Subject, side, digest string) bool {
	return slices.ContainsFunc(subjects, func(s scorecard.Subject) bool { return s.Side == side && s.Digest == digest })
}
