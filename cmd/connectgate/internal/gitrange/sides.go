package gitrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// commitTree lists the files of a commit; blobs are read when asked for.
func (r *Repository) commitTree(ctx context.Context, name, commit string) (Tree, error) {
	files, err := r.committed(ctx, commit)
	if err != nil {
		return Tree{}, err
	}
	return Tree{Name: name, Commit: commit, FS: newTree(files, r.content)}, nil
}

// committed are the files and links of a commit, without submodules.
func (r *Repository) committed(ctx context.Context, commit string) ([]*entry, error) {
	output, err := r.git(ctx, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
	if err != nil {
		return nil, r.unlisted(ctx, commit, err)
	}
	lines := records(output)
	files := make([]*entry, 0, len(lines))
	for _, line := range lines {
		file, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("list files of %s: %w", commit, err)
		}
		if file != nil {
			files = append(files, file)
		}
	}
	return files, nil
}

// unlisted explains why a commit cannot be listed: a partial clone lacks blobs, and so their sizes.
func (r *Repository) unlisted(ctx context.Context, commit string, err error) error {
	if _, configErr := r.git(ctx, "config", "--get-regexp", `^remote\..*\.promisor$`); configErr == nil {
		return &UsageError{
			Msg:  fmt.Sprintf("this partial clone lacks files of commit %s", commit),
			Hint: "git fetch --refetch --no-filter origin, or no filter at actions/checkout", Err: err,
		}
	}
	return fmt.Errorf("list files of %s: %w", commit, err)
}

// parseEntry reads "<mode> <type> <hash> <size>\t<path>"; nil for a submodule.
func parseEntry(line string) (*entry, error) {
	facts, name, found := strings.Cut(line, "\t")
	fields := strings.Fields(facts)
	if !found || len(fields) != 4 {
		return nil, fmt.Errorf("git ls-tree answered %q", line)
	}
	if fields[1] != "blob" {
		return nil, nil //nolint:nilnil // a submodule is absent, and that is no error
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("git ls-tree answered %q: %w", line, err)
	}
	mode := fs.FileMode(0o444)
	switch fields[0] {
	case "120000":
		mode |= fs.ModeSymlink
	case "100755":
		mode |= 0o111
	}
	return &entry{path: name, mode: mode, size: size, hash: fields[2]}, nil
}

// worktree lists the files on disk that git tracks or would add. A tracked file
// that a sparse checkout left out is taken from the commit.
func (r *Repository) worktree(ctx context.Context, commit string) (Tree, error) {
	output, err := r.git(ctx, "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return Tree{}, fmt.Errorf("list files of the worktree: %w", err)
	}
	var files []*entry
	sparse := map[string]bool{}
	for _, line := range records(output) {
		tag, name, _ := strings.Cut(line, " ")
		file, err := r.onDisk(name)
		switch {
		case err != nil:
			return Tree{}, err
		case file != nil:
			files = append(files, file)
		case tag == "S":
			sparse[name] = true
		}
	}
	if len(sparse) > 0 {
		left, err := r.committed(ctx, commit)
		if err != nil {
			return Tree{}, err
		}
		for _, file := range left {
			if sparse[file.path] {
				files = append(files, file)
			}
		}
	}
	return Tree{Name: Worktree, FS: newTree(files, r.content)}, nil
}

// onDisk is a file or link of the worktree; nil where there is none (deleted), or
// where it is a folder (a submodule, another repository) or no file (a socket).
func (r *Repository) onDisk(name string) (*entry, error) {
	if !filepath.IsLocal(name) {
		return nil, nil //nolint:nilnil // git never lists such a name; it is no file of the tree
	}
	info, err := r.disk.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil //nolint:nilnil // deleted on disk: absent, and that is no error
	case err != nil:
		return nil, fmt.Errorf("look at the worktree: %w", err)
	case info.Mode().IsRegular() || info.Mode().Type() == fs.ModeSymlink:
		mode := info.Mode().Type() | 0o444 | info.Mode().Perm()&0o111
		return &entry{path: name, mode: mode, size: info.Size()}, nil
	default:
		return nil, nil //nolint:nilnil // not a file: absent, and that is no error
	}
}

// content reads a file or a link's target, from the commit or from disk.
func (r *Repository) content(e *entry) ([]byte, error) {
	switch {
	case e.hash != "":
		return r.blobs.read(e.hash)
	case e.link():
		target, err := r.disk.Readlink(filepath.FromSlash(e.path))
		return []byte(filepath.ToSlash(target)), err
	default:
		return r.disk.ReadFile(filepath.FromSlash(e.path))
	}
}
