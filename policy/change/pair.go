package change

import (
	"path"
	"slices"

	"github.com/connectgate/connectgate/policy/release"
)

// identity names a release in its estate; empty: it has no such name.
type identity func(*release.Release) string

// identities are tried in this order: who is paired by one is out of the next.
func identities() []identity {
	return []identity{
		func(r *release.Release) string { return r.Metadata.Name },
		func(r *release.Release) string { return r.File },
		func(r *release.Release) string {
			if r.Spec.Definition.Path == "" {
				return ""
			}
			return path.Join(path.Dir(r.File), r.Spec.Definition.Path)
		},
	}
}

// pairs puts the releases of base and head together. Those left over are new or deleted.
func pairs(base, head []*release.Release) []Release {
	var result []Release
	for _, identity := range identities() {
		var matched []Release
		matched, base, head = match(base, head, identity)
		result = append(result, matched...)
	}
	for _, deleted := range base {
		result = append(result, Release{Name: deleted.Metadata.Name, Base: deleted})
	}
	for _, added := range head {
		result = append(result, Release{Name: added.Metadata.Name, Head: added})
	}
	return result
}

// match pairs the releases which one identity names exactly once on both sides,
// and returns the others as they were.
func match(base, head []*release.Release, named identity) (matched []Release, restBase, restHead []*release.Release) {
	was, is := single(base, named), single(head, named)
	for _, r := range head {
		before, known := was[named(r)]
		if !known || is[named(r)] != r {
			restHead = append(restHead, r)
			continue
		}
		matched = append(matched, Release{Name: r.Metadata.Name, Base: before, Head: r})
	}
	restBase = slices.DeleteFunc(slices.Clone(base), func(r *release.Release) bool {
		return slices.ContainsFunc(matched, func(pair Release) bool { return pair.Base == r })
	})
	return matched, restBase, restHead
}

// single are the releases by what names only them: two manifests in one file say nothing.
func single(list []*release.Release, named identity) map[string]*release.Release {
	result, seen := map[string]*release.Release{}, map[string]int{}
	for _, r := range list {
		seen[named(r)]++
		result[named(r)] = r
	}
	for name, times := range seen {
		if times > 1 || name == "" {
			delete(result, name)
		}
	}
	return result
}
