package release

import (
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
	add := func(pointer, relative string) {
		if relative != "" {
			all = append(all, reference{pointer, relative})
		}
	}
	for i, plugin := range r.Spec.Artifact.Plugins {
		add("/spec/artifact/plugins/"+strconv.Itoa(i)+"/path", plugin.Path)
	}
	for _, name := range sortedKeys(r.Spec.Schema.Subjects) {
		add("/spec/schema/subjects/"+escape(name)+"/history", r.Spec.Schema.Subjects[name].History)
	}
	add("/spec/observability/alerts", r.Spec.Observability.Alerts)
	for _, name := range sortedKeys(r.Spec.Environments) {
		add("/spec/environments/"+escape(name)+"/overlay", r.Spec.Environments[name].Overlay)
	}
	for _, name := range sortedKeys(r.Spec.Trial.Services) {
		for i, script := range r.Spec.Trial.Services[name].Init {
			add("/spec/trial/services/"+escape(name)+"/init/"+strconv.Itoa(i), script)
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
		missing, _, err := l.hash(r, ref, idFileMissing, isAny)
		if err != nil {
			return nil, err
		}
		findings = append(findings, missing...)
	}
	return findings, nil
}

func (l *loader) unknownRuntime(r *Release) scorecard.Finding {
	known := sortedKeys(l.estate.Runtimes)
	f := newFinding(idRuntimeUnknown, r.documents.manifest.position("/spec/runtime"),
		"there is no readable ConnectRuntime "+quoted("", r.Spec.Runtime), "correct the name, or add a ConnectRuntime of that name")
	f.Layer, f.Found = scorecard.Runtime, r.Spec.Runtime
	if near := nearest(r.Spec.Runtime, known); near != "" {
		f.Message += " (did you mean " + quoted("", near) + "?)"
		f.Expected = near
	}
	return f
}

// sample finds the sample files.
func (l *loader) sample(r *Release) ([]scorecard.Finding, error) {
	ref := reference{"/spec/schema/samples", r.Spec.Schema.Samples}
	if ref.relative == "" {
		return nil, nil
	}
	findings, files, err := l.hash(r, ref, idSamplesMissing, isSample)
	if err == nil && len(findings) == 0 && len(files) == 0 {
		f := newFinding(idSamplesMissing, r.documents.manifest.position(ref.pointer),
			"there are no sample files (.jsonl) in "+quoted("", ref.relative), "add samples as JSON lines, or correct the path")
		findings = append(findings, f)
	}
	for i := range findings {
		findings[i].Layer = scorecard.Contract
	}
	r.Samples = files
	return findings, err
}

func isAny(string) bool { return true }

func isSample(name string) bool { return path.Ext(name) == ".jsonl" || path.Ext(name) == ".ndjson" }

// hash records the digest of a file, or of every wanted file in a folder. It
// returns the files, sorted.
func (l *loader) hash(r *Release, ref reference, missing string, wanted func(string) bool) ([]scorecard.Finding, []string, error) {
	root, err := l.tree.beside(r.File, ref.relative)
	if err != nil {
		return []scorecard.Finding{unresolved(r, ref.pointer, ref.relative, missing, err)}, nil, nil
	}
	var findings []scorecard.Finding
	var files []string
	err = fs.WalkDir(l.tree.files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name != root && !wanted(name) {
			return err
		}
		real, err := l.tree.resolve(name)
		if err != nil {
			findings = append(findings, unresolved(r, ref.pointer, name, missing, err))
			return nil
		}
		sum, err := l.tree.digest(real)
		if err != nil {
			return err
		}
		r.Files[ref.below(root, name)] = sum
		files = append(files, real)
		return nil
	})
	slices.Sort(files)
	refused, err := findingOf(err)
	return append(findings, refused...), slices.Compact(files), err
}
