package gitrange

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clone is a repository in a temporary folder.
type clone struct {
	tb  testing.TB
	dir string
}

func newClone(tb testing.TB) clone {
	tb.Helper()
	tb.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	tb.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	c := clone{tb: tb, dir: tb.TempDir()}
	c.git("init", "-q", "-b", "main")
	return c
}

func (c clone) git(args ...string) string {
	c.tb.Helper()
	settings := []string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"}
	cmd := exec.CommandContext(c.tb.Context(), "git", append(settings, args...)...)
	cmd.Dir = c.dir
	output, err := cmd.CombinedOutput()
	if err != nil {
		c.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

func (c clone) write(name, content string) {
	c.tb.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		c.tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		c.tb.Fatal(err)
	}
}

func (c clone) link(target, name string) {
	c.tb.Helper()
	if err := os.Symlink(target, filepath.Join(c.dir, name)); err != nil {
		c.tb.Fatal(err)
	}
}

func (c clone) remove(name string) {
	c.tb.Helper()
	if err := os.RemoveAll(filepath.Join(c.dir, name)); err != nil {
		c.tb.Fatal(err)
	}
}

func (c clone) commit(message string) string {
	c.tb.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "--allow-empty", "-m", message)
	return c.git("rev-parse", "HEAD")
}

func (c clone) open() *Repository {
	c.tb.Helper()
	return openAt(c.tb, c.dir)
}

func openAt(tb testing.TB, dir string) *Repository {
	tb.Helper()
	repository, err := Open(context.WithoutCancel(tb.Context()), dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := repository.Close(); err != nil {
			tb.Error(err)
		}
	})
	return repository
}

func rangeOf(tb testing.TB, repository *Repository, base, head string) Range {
	tb.Helper()
	result, err := repository.Range(tb.Context(), base, head)
	if err != nil {
		tb.Fatal(err)
	}
	return result
}

func touched(tb testing.TB, r Range) []string {
	tb.Helper()
	paths, err := r.Touched(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return paths
}

func content(tb testing.TB, tree fs.FS, name string) string {
	tb.Helper()
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func checkPaths(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
