package release

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// declares finds the apiVersion in a file that cannot be parsed.
var declares = regexp.MustCompile(`(?m)^\{?[ \t]?["']?apiVersion["']?[ \t]*:[ \t]*["']?` + apiGroup)

// discover walks the tree once: it parses the manifests and remembers the files
// that look like a connector's definition. Folders and files are visited in
// lexical order.
func (l *loader) discover() (manifests []*document, err error) {
	err = fs.WalkDir(l.tree.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return l.enter(name)
		}
		if !l.manifest(name) && !definitionLike(name) {
			return nil
		}
		found, err := l.visit(name, entry)
		manifests = append(manifests, found...)
		return err
	})
	return manifests, err
}

// enter says whether a folder is walked: hidden ones only where globs are given.
func (l *loader) enter(name string) error {
	base := path.Base(name)
	if base == ".git" || base != "." && base[0] == '.' && len(l.config.Discovery.Manifests) == 0 {
		return fs.SkipDir
	}
	return nil
}

// manifest says whether a file may be a manifest.
func (l *loader) manifest(name string) bool {
	if name == ConfigFile {
		return false
	}
	globs := l.config.Discovery.Manifests
	if len(globs) == 0 {
		return path.Ext(name) == ".yaml" || path.Ext(name) == ".yml"
	}
	return slices.ContainsFunc(globs, func(glob string) bool { return doublestar.MatchUnvalidated(glob, name) })
}

// definitionLike says whether a file may be a connector's definition.
func definitionLike(name string) bool {
	return slices.Contains([]string{".json", ".yaml", ".yml", ".properties"}, path.Ext(name))
}

// visit reads a file of the walk and parses it where it is a manifest. A symbolic
// link inside the tree is passed over: its target is visited on its own.
func (l *loader) visit(name string, entry fs.DirEntry) ([]*document, error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		if _, err := l.tree.resolve(name); l.manifest(name) && err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.escapes = append(l.escapes, escaped(name, err))
		}
		return nil, nil
	}
	if !entry.Type().IsRegular() {
		return nil, nil
	}
	data, err := l.tree.read(name)
	if !l.manifest(name) || err == nil && !bytes.Contains(data, []byte(apiGroup)) {
		l.mention(name, data)
		_, err = findingOf(err)
		return nil, err
	}
	if err != nil {
		findings, err := findingOf(err)
		l.note("", findings...)
		return nil, err
	}
	return l.parse(name, data), nil
}

// escaped is the finding of a symbolic link that leaves the tree.
func escaped(name string, err error) scorecard.Finding {
	return newFinding(idOutsideTree, scorecard.Position{File: name},
		"the symbolic link is not followed: "+err.Error(), "keep the file itself in the repository")
}

func (l *loader) mention(name string, data []byte) {
	if bytes.Contains(data, []byte(classKey)) {
		l.mentions = append(l.mentions, name)
	}
}

// parse reads the documents of a file that names connectgate's API group.
func (l *loader) parse(name string, data []byte) []*document {
	reading := &converter{file: name}
	documents := reading.readYAML(data)
	ours := slices.ContainsFunc(documents, declared)
	if !ours && (len(reading.findings) == 0 || !declares.Match(data)) {
		l.mention(name, data)
		return nil
	}
	l.referred.add(name)
	if len(reading.findings) > 0 {
		release := ""
		if len(documents) > 0 {
			release = documents[0].named()
		}
		l.note(release, reading.findings...)
		return nil
	}
	var manifests []*document
	for _, d := range documents {
		if declared(d) {
			manifests = append(manifests, d)
			continue
		}
		l.note("", newFinding(idSyntax, d.at(d.root.place), "this document of the file declares no "+APIVersion,
			"keep what is not connectgate's in another file"))
	}
	return manifests
}

// declared says whether a document is one of connectgate's, of any version.
func declared(d *document) bool {
	version := d.root.field("apiVersion")
	return version != nil && strings.HasPrefix(version.text, apiGroup)
}
