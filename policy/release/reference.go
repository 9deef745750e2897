package release

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// reference is a path that the manifest states.
type reference struct {
	pointer  string
	relative string
	layer    scorecard.Layer // of what it names
}

// below is the pointer of a file in the folder that is referred to, or of itself.
func (ref reference) below(root, name string) string {
	if name == root {
		return ref.pointer
	}
	return ref.pointer + "/" + escape(strings.TrimPrefix(name, root+"/"))
}

// references are the files and folders that a manifest refers to beside its
// definition and its samples, in a stable order.
func (r *Release) references() []reference {
	var all []reference
	add := func(layer scorecard.Layer, relative string, tokens ...string) {
		if relative != "" {
			all = append(all, reference{pointerOf(tokens), relative, layer})
		}
	}
	for i, plugin := range r.Spec.Artifact.Plugins {
		add(scorecard.Artifact, plugin.Path, "spec", "artifact", "plugins", strconv.Itoa(i), "path")
	}
	for _, name := range sortedKeys(r.Spec.Schema.Subjects) {
		add(scorecard.Contract, r.Spec.Schema.Subjects[name].History, "spec", "schema", "subjects", name, "history")
	}
	add(scorecard.Configuration, r.Spec.Observability.Alerts, "spec", "observability", "alerts")
	for _, name := range sortedKeys(r.Spec.Environments) {
		add(scorecard.Configuration, r.Spec.Environments[name].Overlay, "spec", "environments", name, "overlay")
	}
	for _, name := range sortedKeys(r.Spec.Trial.Services) {
		for i, script := range r.Spec.Trial.Services[name].Init {
			add(scorecard.Contract, script, "spec", "trial", "services", name, "init", strconv.Itoa(i))
		}
	}
	return all
}

// refer resolves what a release refers to: its runtime, its samples and its files.
func (l *loader) refer(r *Release) ([]scorecard.Finding, error) {
	var findings []scorecard.Finding
	if name := r.Spec.Runtime; name != "" {
		if r.Runtime = l.estate.Runtimes[name]; r.Runtime == nil {
			findings = append(findings, l.unknownRuntime(r))
		}
	}
	r.Files = map[string]string{}
	sampled, err := l.sample(r)
	if err != nil {
		return nil, err
	}
	findings = append(findings, sampled...)
	for _, ref := range r.references() {
		found, err := l.hash(r, ref, idFileMissing, isAny)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found.findings...)
	}
	return findings, nil
}

func (l *loader) unknownRuntime(r *Release) scorecard.Finding {
	f := newFinding(idRuntimeUnknown, r.documents.manifest.position("/spec/runtime"),
		"there is no readable ConnectRuntime "+quoted("", r.Spec.Runtime), "correct the name, or add a ConnectRuntime of that name")
	f.Layer, f.Found = scorecard.Runtime, r.Spec.Runtime
	if near := nearest(r.Spec.Runtime, sortedKeys(l.estate.Runtimes)); near != "" {
		f.Message += " (did you mean " + quoted("", near) + "?)"
		f.Expected = near
	}
	return f
}

// sample finds the sample files.
func (l *loader) sample(r *Release) ([]scorecard.Finding, error) {
	ref := reference{"/spec/schema/samples", r.Spec.Schema.Samples, scorecard.Contract}
	if ref.relative == "" {
		return nil, nil
	}
	found, err := l.hash(r, ref, idSamplesMissing, isSample)
	if err == nil && len(found.findings) == 0 && len(found.files) == 0 {
		f := newFinding(idSamplesMissing, r.documents.manifest.position(ref.pointer),
			"there are no sample files (.jsonl) in "+quoted("", ref.relative), "add samples as JSON lines, or correct the path")
		f.Layer = ref.layer
		found.findings = append(found.findings, f)
	}
	r.Samples = found.files
	return found.findings, err
}

func isAny(string) bool { return true }

func isSample(name string) bool { return path.Ext(name) == ".jsonl" || path.Ext(name) == ".ndjson" }

// referred is what a reference led to.
type referred struct {
	files    []string // sorted
	findings []scorecard.Finding
}

// hash records the digest of a file, or of every wanted file in a folder.
func (l *loader) hash(r *Release, ref reference, missing string, wanted func(string) bool) (referred, error) {
	root, err := l.beside(r.File, ref.relative)
	if err != nil {
		return referred{findings: []scorecard.Finding{r.unresolved(ref, missing, err)}}, nil
	}
	var found referred
	err = fs.WalkDir(l.tree.files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name != root && !wanted(name) {
			return err
		}
		file, err := l.hashFile(r, ref, root, name)
		if problem, ok := errors.AsType[*refusal](err); ok {
			problem.finding.Layer = ref.layer
			found.findings = append(found.findings, r.referring(ref.pointer, []scorecard.Finding{problem.finding})...)
			return nil
		}
		found.files = append(found.files, file)
		return err
	})
	slices.Sort(found.files)
	found.files = slices.Compact(found.files)
	return found, err
}

// hashFile records the digest of one file and returns where it really is.
func (l *loader) hashFile(r *Release, ref reference, root, name string) (string, error) {
	real, err := l.tree.resolve(name)
	if err != nil {
		id := idUnreadable
		if errors.Is(err, errOutside) {
			id = idOutsideTree
		}
		return "", refuse(id, scorecard.Position{File: name}, "the symbolic link is not followed: "+err.Error(),
			"keep the file itself in the repository, or remove the link")
	}
	l.referred.add(real)
	sum, err := l.tree.digest(real)
	if err != nil {
		return "", err
	}
	r.Files[ref.below(root, name)] = sum
	return real, nil
}

// referring moves findings about a whole file to the value that refers to it.
func (r *Release) referring(pointer string, findings []scorecard.Finding) []scorecard.Finding {
	for i, f := range findings {
		if f.Position.Line == 0 {
			findings[i].Message = f.Position.File + ": " + f.Message
			findings[i].Position = r.documents.manifest.position(pointer)
		}
	}
	return findings
}

// unresolved is the finding of a path in the manifest that leads nowhere.
func (r *Release) unresolved(ref reference, missing string, err error) scorecard.Finding {
	f := newFinding(missing, r.documents.manifest.position(ref.pointer), "", "")
	f.Found, f.Layer = redactValue(ref.pointer, ref.relative), ref.layer
	stated := dotted(ref.pointer) + " is " + quoted(ref.pointer, ref.relative)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Message = stated + ", and there is no such file"
		f.Remedy = "correct the path, which is relative to " + r.File + ", or add the file"
	case errors.Is(err, errOutside):
		f.ID = idOutsideTree
		f.Message = fmt.Sprintf("%s, which is not read: %v", stated, err)
		f.Remedy = "keep the file in the repository, and name it relative to " + r.File
	default:
		f.ID = idUnreadable
		f.Message = fmt.Sprintf("%s, which cannot be read: %v", stated, err)
		f.Remedy = "correct the path, which is relative to " + r.File
	}
	return f
}
