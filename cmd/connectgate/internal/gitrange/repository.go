package gitrange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// UsageError says what the user asked that this repository cannot give, and what to do.
type UsageError struct {
	Msg  string // lower case, no full stop
	Hint string // what to do; may be empty
	Err  error  // git's own words; may be nil
}

// Error is the message, with git's own words behind it where there are any.
func (e *UsageError) Error() string {
	if git, ok := errors.AsType[*gitError](e.Err); ok && git.message != "" {
		return fmt.Sprintf("%s (git: %s)", e.Msg, git.message)
	}
	return e.Msg
}

// Unwrap is git's error.
func (e *UsageError) Unwrap() error { return e.Err }

// gitError is a git command that ran and failed.
type gitError struct {
	command string
	message string // the first line of stderr without "fatal: "
}

func (e *gitError) Error() string {
	if e.message == "" {
		return "git " + e.command + " failed"
	}
	return "git " + e.command + ": " + e.message
}

// Repository reads one local repository. It is safe for concurrent use.
type Repository struct {
	top   string // of the worktree; of a bare repository itself
	bare  bool
	blobs *blobs
	disk  *os.Root // the worktree; nil in a bare repository
}

// Open finds the repository that dir is in, also from a folder below its top, in
// a linked worktree or a bare repository. The context bounds the life of the git
// process which reads blobs until [Repository.Close].
//
// The error is a *[UsageError] where dir is no repository, git refuses it or git
// is not installed.
func Open(ctx context.Context, dir string) (*Repository, error) {
	top, bare, err := find(dir)
	if err != nil {
		return nil, err
	}
	r := &Repository{top: top, bare: bare}
	question := "--show-toplevel"
	if bare {
		question = "--absolute-git-dir"
	}
	answer, err := r.line(ctx, "rev-parse", question)
	if _, ok := errors.AsType[*gitError](err); ok {
		return nil, &UsageError{Msg: fmt.Sprintf("git cannot read the repository %s", top), Err: err}
	}
	if err != nil {
		return nil, err
	}
	r.top = answer
	if !bare {
		if r.disk, err = os.OpenRoot(r.top); err != nil {
			return nil, fmt.Errorf("open worktree: %w", err)
		}
	}
	if r.blobs, err = r.openBlobs(ctx); err != nil {
		return nil, errors.Join(err, r.closeDisk())
	}
	return r, nil
}

// Close ends the git process and lets go of the worktree. The trees cannot be
// read any more. It is safe to call twice.
func (r *Repository) Close() error {
	r.blobs.close()
	return r.closeDisk()
}

func (r *Repository) closeDisk() error {
	if r.disk == nil {
		return nil
	}
	return r.disk.Close()
}

// find walks up to the folder that holds .git, or that is a bare repository.
// It comes before git because git must be told which folder is trusted.
func find(dir string) (top string, bare bool, err error) {
	start, err := filepath.Abs(dir)
	if err == nil {
		start, err = filepath.EvalSymlinks(start)
	}
	if err != nil {
		return "", false, &UsageError{Msg: fmt.Sprintf("cannot open %s: %v", dir, err), Hint: "name a folder of a git repository"}
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if exists(folder, ".git") {
			return folder, false, nil
		}
		if exists(folder, "HEAD") && exists(folder, "objects") && exists(folder, "refs") {
			return folder, true, nil
		}
		if folder == filepath.Dir(folder) {
			return "", false, &UsageError{
				Msg:  fmt.Sprintf("%s is not in a git repository", start),
				Hint: "run connectgate in a clone; in a workflow, check the repository out first",
			}
		}
	}
}

func exists(folder, name string) bool {
	_, err := os.Lstat(filepath.Join(folder, name))
	return err == nil
}

// line is git's one-line answer.
func (r *Repository) line(ctx context.Context, args ...string) (string, error) {
	output, err := r.git(ctx, args...)
	return strings.TrimSuffix(output, "\n"), err
}

// git runs one command at the top of the repository. A command that failed is a *gitError.
func (r *Repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := r.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch _, failed := errors.AsType[*exec.ExitError](err); {
	case err == nil:
		return stdout.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("git %s: %w", args[0], ctx.Err())
	case failed:
		return "", &gitError{command: args[0], message: firstLine(stderr.String())}
	default:
		return "", startError(err)
	}
}

// startError explains why git could not be started.
func startError(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &UsageError{Msg: "git is not installed", Hint: "install git and put it on the PATH", Err: err}
	}
	return fmt.Errorf("run git: %w", err)
}

// firstLine is what git says first, without its prefix.
func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimPrefix(strings.TrimPrefix(line, "fatal: "), "error: ")
}

// command prepares git without a shell, a pager, prompts, hooks, the file system
// monitor, locks or any transport: git fetches what a partial clone left out by
// itself, unless GIT_NO_LAZY_FETCH (from 2.45) or a missing transport keeps it.
func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	settings := []string{
		"-C", r.top, "--no-pager", "-c", "safe.directory=" + r.top,
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull,
	}
	cmd := exec.CommandContext(ctx, "git", append(settings, args...)...) //nolint:gosec // arguments of ours, hashes, and revisions that do not begin with a dash
	cmd.Env = environment()
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// environment is ours without what points git at another repository, as it does
// inside a git hook.
func environment() []string {
	redirections := []string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
	}
	inherited := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(redirections, name)
	})
	return append(inherited,
		"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		"GIT_LITERAL_PATHSPECS=1")
}
