package release

import (
	"fmt"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// documents are the documents that a release is read from.
type documents struct {
	manifest *document
	// definition holds the configuration at its root; it is part of manifest where
	// that has it inline.
	definition *document
	tree       *tree
}

// The pointers of a release that do not lead into its manifest.
const (
	configPointer  = "/config"
	runtimePointer = "/runtime"
)

// Position is where the value of an RFC 6901 pointer stands: /config/<key> in the
// definition, /runtime/... in the runtime's file below its spec, anything else in
// the manifest. What is missing stands at its nearest parent; without a runtime
// that is spec.runtime. Safe for concurrent use.
func (r *Release) Position(pointer string) scorecard.Position {
	if rest, ok := below(pointer, runtimePointer); ok && r.Runtime != nil {
		return r.Runtime.document.position("/spec" + rest)
	} else if ok {
		return r.documents.manifest.position("/spec/runtime")
	}
	if rest, ok := below(pointer, configPointer); ok {
		return r.documents.definition.position(rest)
	}
	return r.documents.manifest.position(pointer)
}

// Values are the scalars of the manifest, of the configuration below /config and
// of the runtime below /runtime, as text by their RFC 6901 pointers. Secrets are
// not masked: see [Release.Redacted]. The map is the caller's.
func (r *Release) Values() map[string]string {
	values := map[string]string{}
	collect := func(pointer string, scalar *value) { values[pointer] = scalar.text }
	for _, f := range r.documents.manifest.root.fields {
		f.value.each("/"+escape(f.name), collect)
	}
	for pointer := range values {
		if strings.HasPrefix(pointer, "/spec/config/") {
			delete(values, pointer)
		}
	}
	r.documents.definition.root.each(configPointer, collect)
	if r.Runtime != nil {
		r.Runtime.document.root.field("spec").each(runtimePointer, collect)
	}
	return values
}

// Path is the path in the tree of a name that the manifest states relative to its
// own folder, with symbolic links followed. It returns an error where the name
// leaves the tree, and one that wraps fs.ErrNotExist where nothing is there. Safe
// for concurrent use.
func (r *Release) Path(relative string) (string, error) {
	name, err := r.documents.tree.beside(r.File, relative)
	if err != nil {
		return "", fmt.Errorf("find %s from %s: %w", relative, r.File, err)
	}
	return name, nil
}

// below is the rest of a pointer under a prefix of whole tokens.
func below(pointer, prefix string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(pointer, prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}
