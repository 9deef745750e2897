// Package gitrange turns two revisions of a local repository into trees, by the
// git binary. It reads only: it fetches nothing and never writes into the repository.
package gitrange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Worktree is the head revision that means the files on disk: tracked and
// untracked, not ignored.
const Worktree = "worktree"

// Tree is the content of the repository at one side of a [Range].
type Tree struct {
	// Name is the revision as the user said it, the branch that was taken by
	// default, or [Worktree].
	Name string
	// Commit is the full hash; empty for the worktree.
	Commit string
	// FS also implements [fs.ReadFileFS], [fs.ReadDirFS], [fs.StatFS] and
	// [fs.ReadLinkFS] and is safe for concurrent use until [Repository.Close].
	// Its root is the top of the repository. Stat knows a file's size in bytes
	// without reading it; modification times are zero. Submodules, and names
	// that are not UTF-8, are absent. Open follows symbolic links within the
	// tree and refuses those that leave it.
	FS fs.FS
}

// Range is what a pull request would change: from Base to Head.
type Range struct {
	Target Tree // tip of the target branch
	Base   Tree // merge base of the target and the head; its Name is Target's
	Head   Tree

	repository *Repository
}

// Range resolves the two sides. An empty base is the default branch: what
// origin/HEAD names, else origin/main, origin/master, main, master, or the only
// branch there is. An empty head is HEAD; [Worktree] is the files on disk.
//
// Errors are a *[UsageError] where the user can do something about it: no commit
// yet, an unknown revision, no default branch, no common history, a shallow
// clone which lacks it, a worktree asked of a bare repository.
func (r *Repository) Range(ctx context.Context, base, head string) (Range, error) {
	headCommit, err := r.headCommit(ctx, head)
	if err != nil {
		return Range{}, err
	}
	if base == "" {
		if base, err = r.defaultBranch(ctx); err != nil {
			return Range{}, err
		}
	}
	targetCommit, err := r.commit(ctx, base)
	if err != nil {
		return Range{}, err
	}
	baseCommit, err := r.mergeBase(ctx, base, targetCommit, cmp.Or(head, "HEAD"), headCommit)
	if err != nil {
		return Range{}, err
	}
	result := Range{repository: r}
	if result.Target, err = r.commitTree(ctx, base, targetCommit); err != nil {
		return Range{}, err
	}
	result.Base = result.Target // while nobody pushed to the target since, which is often
	if baseCommit != targetCommit {
		if result.Base, err = r.commitTree(ctx, base, baseCommit); err != nil {
			return Range{}, err
		}
	}
	if head == Worktree {
		result.Head, err = r.worktree(ctx, headCommit)
	} else {
		result.Head, err = r.commitTree(ctx, cmp.Or(head, "HEAD"), headCommit)
	}
	return result, err
}

// Touched lists the paths that differ between Base and Head, sorted, each once;
// a rename is two paths. With the worktree as Head untracked files count, ignored
// ones do not. Names that are not UTF-8 are listed as their bytes are.
func (t Range) Touched(ctx context.Context) ([]string, error) {
	args := []string{
		"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=all", t.Base.Commit,
	}
	if t.Head.Commit != "" {
		args = append(args, t.Head.Commit)
	}
	output, err := t.repository.git(ctx, append(args, "--")...)
	if err != nil {
		return nil, fmt.Errorf("list touched files: %w", err)
	}
	paths := records(output)
	if t.Head.Commit == "" {
		untracked, err := t.repository.git(ctx, "ls-files", "-z", "--others", "--exclude-standard")
		if err != nil {
			return nil, fmt.Errorf("list untracked files: %w", err)
		}
		paths = append(paths, records(untracked)...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// records splits git's -z output.
func records(output string) []string {
	if output == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(output, "\x00"), "\x00")
}

// headCommit is the commit that a head stands on; the worktree stands on HEAD.
func (r *Repository) headCommit(ctx context.Context, head string) (string, error) {
	if head == Worktree && r.bare {
		return "", &UsageError{
			Msg:  fmt.Sprintf("%s is a bare repository: it has no worktree", r.top),
			Hint: "name a commit with --head",
		}
	}
	if head != "" && head != Worktree {
		return r.commit(ctx, head)
	}
	commit, err := r.resolve(ctx, "HEAD")
	if _, ok := errors.AsType[*gitError](err); ok {
		return "", &UsageError{
			Msg: "the repository has no commit yet: HEAD names none", Hint: "commit something first", Err: err,
		}
	}
	return commit, err
}

// commit resolves what the user said to a full hash.
func (r *Repository) commit(ctx context.Context, revision string) (string, error) {
	commit, err := r.resolve(ctx, revision)
	if _, ok := errors.AsType[*gitError](err); !ok {
		return commit, err
	}
	usage := &UsageError{
		Msg: fmt.Sprintf("unknown revision %q", revision), Hint: "git log --oneline --all shows the commits of this clone", Err: err,
	}
	switch shallow, shallowErr := r.shallow(ctx); {
	case shallowErr != nil:
		return "", shallowErr
	case shallow:
		usage.Msg += " in a shallow clone"
		usage.Hint = deepen
	default:
		if _, err := r.resolve(ctx, "origin/"+revision); err == nil {
			usage.Hint = fmt.Sprintf("there is origin/%s: say that", revision)
		}
	}
	return "", usage
}

// resolve is the hash of the commit that a revision names; a *gitError where it names none.
func (r *Repository) resolve(ctx context.Context, revision string) (string, error) {
	if revision == "" || strings.HasPrefix(revision, "-") || strings.ContainsAny(revision, "\x00\n") {
		return "", &gitError{command: "rev-parse", message: "not a revision"}
	}
	return r.line(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
}

// defaultBranch names the branch that pull requests go to.
func (r *Repository) defaultBranch(ctx context.Context) (string, error) {
	candidates := []string{"origin/main", "origin/master", "main", "master"}
	if name, err := r.line(ctx, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"); err == nil {
		candidates = append([]string{name}, candidates...)
	} else if ctx.Err() != nil {
		return "", err
	}
	for _, name := range candidates {
		if _, err := r.resolve(ctx, name); err == nil {
			return name, nil
		}
	}
	output, err := r.git(ctx, "for-each-ref", "--format=%(refname:short)", "refs/heads")
	if err != nil {
		return "", fmt.Errorf("list branches: %w", err)
	}
	if branches := strings.Fields(output); len(branches) == 1 {
		return branches[0], nil
	}
	return "", &UsageError{
		Msg:  "cannot tell which branch is the default: no origin/HEAD, main or master",
		Hint: "name it with --base, such as --base origin/develop",
	}
}

// mergeBase is where head left base. Where git knows several it takes git's first.
func (r *Repository) mergeBase(ctx context.Context, base, baseCommit, head, headCommit string) (string, error) {
	commit, err := r.line(ctx, "merge-base", baseCommit, headCommit)
	failure, ok := errors.AsType[*gitError](err)
	if !ok {
		return commit, err
	}
	if failure.message != "" {
		return "", fmt.Errorf("find the merge base: %w", err)
	}
	usage := &UsageError{
		Msg:  fmt.Sprintf("%s and %s have no common history", base, head),
		Hint: "name a base that the head was branched from", Err: err,
	}
	shallow, err := r.shallow(ctx)
	if err != nil {
		return "", err
	}
	if shallow {
		usage.Msg = fmt.Sprintf("the merge base of %s and %s is not in this shallow clone", base, head)
		usage.Hint = deepen
	}
	return "", usage
}

// deepen is what helps a shallow clone.
const deepen = "git fetch --unshallow, or fetch-depth: 0 at actions/checkout"

func (r *Repository) shallow(ctx context.Context) (bool, error) {
	answer, err := r.line(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return false, fmt.Errorf("ask whether the clone is shallow: %w", err)
	}
	return answer == "true", nil
}

// Uncommitted reports whether the worktree differs from HEAD: changed, added,
// deleted or untracked files, not ignored ones. A bare repository has none.
func (r *Repository) Uncommitted(ctx context.Context) (bool, error) {
	if r.bare {
		return false, nil
	}
	output, err := r.git(ctx, "status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all")
	if err != nil {
		return false, fmt.Errorf("look for uncommitted changes: %w", err)
	}
	return output != "", nil
}

// Top is the absolute path of the repository's worktree, or of a bare repository.
func (r *Repository) Top() string { return filepath.Clean(r.top) }
