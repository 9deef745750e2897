// Package release reads what a repository declares about its connectors: the
// manifests of releases and runtimes, the connectors' definitions and
// connectgate's own configuration, and remembers where every value stands. It
// judges their shape only; what a ring demands is decided by the rules.
package release

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// APIVersion is the apiVersion of every kind that this package reads.
const APIVersion = "connectgate/v1alpha1"

// apiGroup is what the apiVersion of every version begins with.
const apiGroup = "connectgate/"

// names is a set of paths.
type names map[string]bool

func (n names) add(name string) { n[name] = true }

// loader reads one tree into an estate.
type loader struct {
	tree     *tree
	config   Config
	estate   *Estate
	mentions []string // files that mention connector.class, sorted
	referred names    // files that a manifest refers to, or that are manifests
	escapes  []scorecard.Finding
	released map[string]scorecard.Position
}

// Load reads everything that a tree declares. What is wrong with it is among the
// estate's findings; an error means that the tree itself could not be read. The
// configuration comes from the target branch, see [LoadConfig].
func Load(files fs.FS, config Config) (*Estate, error) {
	l := &loader{
		tree: &tree{files: files}, config: config, referred: names{}, released: map[string]scorecard.Position{},
		estate: &Estate{Runtimes: map[string]*ConnectRuntime{}},
	}
	manifests, err := l.discover()
	if err != nil {
		return nil, err
	}
	if err := l.loadAll(manifests); err != nil {
		return nil, err
	}
	l.finish()
	return l.estate, nil
}

// finish sorts the estate and adds what is only known at the end.
func (l *loader) finish() {
	for _, f := range l.escapes {
		if !l.referred[f.Position.File] {
			l.note("", f)
		}
	}
	for _, name := range l.mentions {
		if !l.referred[name] {
			l.estate.Unread = append(l.estate.Unread, name)
		}
	}
	slices.SortFunc(l.estate.Releases, func(a, b *Release) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	slices.SortStableFunc(l.estate.Findings, func(a, b scorecard.Finding) int {
		return comparePositions(a.Position, b.Position)
	})
}

// loadAll loads the runtimes first, because releases name them.
func (l *loader) loadAll(manifests []*document) error {
	var releases []*document
	for _, d := range manifests {
		kindName := d.root.field("kind")
		switch version := d.root.field("apiVersion"); {
		case version.text != APIVersion:
			f := newFinding(idWrongValue, d.at(version.place), fmt.Sprintf("apiVersion is %s, which this version does not read", quoted("", version.text)), "write "+APIVersion)
			f.Expected, f.Found = APIVersion, version.text
			l.note(d.named(), f)
		case kindName != nil && kindName.text == kindRuntime:
			if err := l.loadRuntime(d); err != nil {
				return err
			}
		case kindName != nil && kindName.text != kindRelease:
			l.note(d.named(), unknownKind(d, kindName))
		default:
			releases = append(releases, d)
		}
	}
	for _, d := range releases {
		if err := l.loadRelease(d); err != nil {
			return err
		}
	}
	return nil
}

func unknownKind(d *document, kindName *value) scorecard.Finding {
	known := []string{kindRelease, kindRuntime}
	f := newFinding(idWrongValue, d.at(kindName.place), fmt.Sprintf("kind is %s", quoted("/kind", kindName.text)), "")
	f.Expected, f.Found = "one of "+strings.Join(known, ", "), kindName.text
	if near := nearest(kindName.text, known); near != "" {
		f.Message += fmt.Sprintf(" (did you mean %q?)", near)
	}
	f.Remedy = "write " + strings.Join(known, " or ") + "; the configuration belongs in " + ConfigFile
	return f
}

// note adds findings about the release or runtime of a document.
func (l *loader) note(name string, findings ...scorecard.Finding) {
	for _, f := range findings {
		f.Release = name
		l.estate.Findings = append(l.estate.Findings, f)
	}
}

// named is metadata.name of a document; empty where it has none.
func (d *document) named() string {
	if metadata := d.root.field("metadata"); metadata != nil {
		if name := metadata.field("name"); name != nil && name.kind == text {
			return name.text
		}
	}
	return ""
}

// taken is the finding of a name that another document already has.
func taken(d *document, first scorecard.Position) scorecard.Finding {
	return newFinding(idDuplicateName, d.position("/metadata/name"),
		fmt.Sprintf("the name %s is taken by %s", quoted("", d.named()), first), "give one of the two another name")
}

func (l *loader) loadRuntime(d *document) error {
	findings, err := d.validate(kindRuntime)
	runtime := &ConnectRuntime{File: d.file, document: d}
	if err == nil && !blocks(findings) {
		findings = d.decode(d.root, &runtime.RuntimeManifest)
	}
	if first, twice := l.estate.Runtimes[d.named()]; twice {
		findings = append(findings, taken(d, first.document.position("/metadata/name")))
	}
	for i := range findings {
		findings[i].Layer = scorecard.Runtime
	}
	l.note("", findings...)
	if err == nil && !blocks(findings) {
		l.estate.Runtimes[d.named()] = runtime
	}
	return err
}

// loadRelease adds a release that could be read whole, and what is wrong with it.
func (l *loader) loadRelease(d *document) error {
	r := &Release{File: d.file, documents: documents{manifest: d, tree: l.tree}}
	l.refersToDefinition(d)
	findings, err := l.readRelease(r)
	if err != nil {
		return err
	}
	if first, twice := l.released[d.named()]; twice && d.named() != "" {
		findings = append(findings, taken(d, first))
	} else {
		l.released[d.named()] = d.position("/metadata/name")
	}
	l.note(d.named(), findings...)
	if blocks(findings) {
		return nil
	}
	l.estate.Releases = append(l.estate.Releases, r)
	complaints, err := l.refer(r)
	l.note(d.named(), complaints...)
	l.note(d.named(), conflicts(r)...)
	l.note(d.named(), trialConfig(r)...)
	return err
}

// refersToDefinition remembers the definition even of a manifest that is wrong.
func (l *loader) refersToDefinition(d *document) {
	if stated := d.find([]string{"spec", "definition", "path"}); stated != nil {
		if name, err := l.beside(d.file, stated.text); err == nil {
			l.referred.add(name)
		}
	}
}

// beside resolves a name that a file states, and remembers that it does.
func (l *loader) beside(file, relative string) (string, error) {
	l.referred.add(path.Join(path.Dir(file), relative))
	return l.tree.beside(file, relative)
}

// readRelease reads a release's manifest and its definition.
func (l *loader) readRelease(r *Release) ([]scorecard.Finding, error) {
	d := r.documents.manifest
	findings, err := d.validate(kindRelease)
	if err != nil || blocks(findings) {
		return findings, err
	}
	findings = append(findings, d.decode(d.root, &r.Manifest)...)
	if blocks(findings) {
		return findings, nil
	}
	defined, err := l.define(r)
	return append(findings, defined...), err
}
