// Package change finds every difference between two estates and puts each into
// exactly one layer. It does not judge a difference; package policy does.
package change

import (
	"cmp"
	"maps"
	"slices"

	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Release is one connector release with everything that differs in it.
type Release struct {
	Name string // at head; the name at base where it is deleted
	// Base is nil for a new release, Head for a deleted one; never both.
	Base, Head *release.Release
	// Changes are ordered by layer, then by pointer; there is at least one.
	Changes []scorecard.Change
}

// Runs says whether head would run otherwise than base: a ring, an owner, alerts,
// a rollback command or a mere description changes nothing that runs. A new
// release runs, a deleted one does not.
func (r Release) Runs() bool {
	if r.Base == nil || r.Head == nil {
		return r.Head != nil
	}
	return slices.ContainsFunc(r.Changes, func(c scorecard.Change) bool { return !Inert(c.Pointer) })
}

// Compare returns the releases with a difference, sorted by name. A renamed
// release (the same manifest or the same definition under another name) is one
// release, not a deleted and a new one. One that head has and nobody can read is
// left out, since its findings say more than a deletion would. What a runtime changes appears in every
// release on it; a runtime without releases changes nothing. A nil estate is an
// empty one. Secret-like values are masked, so both sides may look alike.
func Compare(base, head *release.Estate) []Release {
	var changed []Release
	for _, pair := range pairs(releases(base), releases(head)) {
		if pair.Head == nil && unreadable(pair.Base, head) {
			continue
		}
		if pair.Changes = differences(pair.Base, pair.Head); len(pair.Changes) > 0 {
			changed = append(changed, pair)
		}
	}
	slices.SortFunc(changed, func(a, b Release) int { return cmp.Compare(a.Name, b.Name) })
	return changed
}

// unreadable says whether a release that seems to be gone has a manifest or a
// definition with findings instead.
func unreadable(gone *release.Release, head *release.Estate) bool {
	return head != nil && slices.ContainsFunc(head.Findings, func(f scorecard.Finding) bool {
		return f.Severity == scorecard.SeverityFail && (f.Release == gone.Metadata.Name || f.Position.File == gone.File)
	})
}

func releases(estate *release.Estate) []*release.Release {
	if estate == nil {
		return nil
	}
	return estate.Releases
}

// side is one release as pointers and texts. A nil release has none.
type side struct {
	release *release.Release
	values  map[string]string // scalars of manifest, definition and runtime
	files   map[string]string // hashes of referenced files
}

func sideOf(r *release.Release) side {
	if r == nil {
		return side{}
	}
	return side{release: r, values: r.Values(), files: r.Files}
}

func (s side) position(pointer string) scorecard.Position {
	if s.release == nil {
		return scorecard.Position{}
	}
	return s.release.Position(pointer)
}

func (s side) shown(pointer, value string) string {
	if value == "" {
		return ""
	}
	return s.release.Redacted(pointer, value)
}

func differences(base, head *release.Release) []scorecard.Change {
	was, is := sideOf(base), sideOf(head)
	var changes []scorecard.Change
	for _, pointer := range either(was.values, is.values) {
		before, known := was.values[pointer]
		after, kept := is.values[pointer]
		if known && kept && before == after {
			continue
		}
		change := newChange(was, is, pointer, kind(known, kept))
		change.Base, change.Head = was.shown(pointer, before), is.shown(pointer, after)
		changes = append(changes, change)
	}
	changes = append(changes, contents(was, is)...)
	slices.SortStableFunc(changes, func(a, b scorecard.Change) int {
		return cmp.Or(
			slices.Index(scorecard.Layers, a.Layer)-slices.Index(scorecard.Layers, b.Layer),
			comparePointers(a.Pointer, b.Pointer))
	})
	return changes
}

// contents are the changes inside referenced files, told by their hashes.
func contents(was, is side) []scorecard.Change {
	var changes []scorecard.Change
	for _, pointer := range either(was.files, is.files) {
		before, known := was.files[pointer]
		after, kept := is.files[pointer]
		if known && kept && before == after {
			continue
		}
		change := newChange(was, is, pointer, kind(known, kept))
		change.Path += " (content)"
		change.Base, change.Head = hash(before), hash(after)
		changes = append(changes, change)
	}
	return changes
}

func newChange(was, is side, pointer, kind string) scorecard.Change {
	return scorecard.Change{
		Layer: LayerOf(pointer), Kind: kind, Path: pathOf(pointer), Pointer: pointer,
		BasePosition: was.position(pointer), HeadPosition: is.position(pointer),
	}
}

// hash is a content hash as a digest is written; empty where there is no content.
func hash(sum string) string {
	if sum == "" {
		return ""
	}
	return "sha256:" + sum
}

func kind(known, kept bool) string {
	switch {
	case !known:
		return scorecard.Added
	case !kept:
		return scorecard.Removed
	default:
		return scorecard.Changed
	}
}

// either are the keys of both maps, sorted, each once.
func either(a, b map[string]string) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
