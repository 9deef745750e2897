package gitrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestRange_differsFromTheMergeBase(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.write("gone", "x")
	fork := c.commit("fork")
	c.git("switch", "-q", "-c", "feature")
	c.write("a", "2")
	c.write("new/b", "b")
	c.remove("gone")
	head := c.commit("head")
	c.git("switch", "-q", "main")
	c.write("target-only", "t")
	target := c.commit("target")
	c.git("switch", "-q", "feature")

	got := rangeOf(t, c.open(), "", "")
	names := []string{got.Target.Name, got.Target.Commit, got.Base.Name, got.Base.Commit, got.Head.Name, got.Head.Commit}
	checkPaths(t, names, "main", target, "main", fork, "HEAD", head)
	checkPaths(t, touched(t, got), "a", "gone", "new/b")
	if text := content(t, got.Base.FS, "a") + content(t, got.Head.FS, "a") + content(t, got.Target.FS, "target-only"); text != "12t" {
		t.Errorf("read %q", text)
	}
	if _, err := fs.Stat(got.Head.FS, "gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a deleted file: %v", err)
	}
}

func TestRange_worktreeIsWhatIsOnDisk(t *testing.T) {
	c := newClone(t)
	for _, name := range []string{"same", "changed", "deleted", "staged", "folder/file"} {
		c.write(name, "base")
	}
	c.write(".gitignore", "ignored\n")
	c.commit("base")
	c.write("changed", "disk")
	c.remove("deleted")
	c.write("staged", "disk")
	c.git("add", "staged")
	c.write("untracked/file", "disk")
	c.write("ignored", "x")
	c.remove("folder")
	c.link("untracked", "folder")

	repository := c.open()
	got := rangeOf(t, repository, "", Worktree)
	checkPaths(t, touched(t, got), "changed", "deleted", "folder", "folder/file", "staged", "untracked/file")
	if got.Head.Name != Worktree || got.Head.Commit != "" {
		t.Errorf("head is %+v", got.Head)
	}
	var files []string
	err := fs.WalkDir(got.Head.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checkPaths(t, files, ".gitignore", "changed", "folder", "same", "staged", "untracked/file")
	if text := content(t, got.Head.FS, "changed") + content(t, got.Head.FS, "folder/file"); text != "diskdisk" {
		t.Errorf("read %q", text)
	}
	if err := fstest.TestFS(got.Head.FS, files...); err != nil {
		t.Error(err)
	}
	checkUncommitted(t, repository, true)
}

func checkUncommitted(t *testing.T, repository *Repository, want bool) {
	t.Helper()
	if got, err := repository.Uncommitted(t.Context()); err != nil || got != want {
		t.Errorf("uncommitted: %t, %v; want %t", got, err, want)
	}
}

func TestRange_worktreeOfASparseCheckoutHasTheRestFromTheCommit(t *testing.T) {
	c := newClone(t)
	c.write("in/a", "a")
	c.write("out/b", "b")
	c.commit("base")
	c.git("sparse-checkout", "set", "in")
	got := rangeOf(t, c.open(), "", Worktree)
	checkPaths(t, touched(t, got))
	if content(t, got.Head.FS, "out/b") != "b" {
		t.Error("a file outside the sparse checkout is missing")
	}
}

func TestRange_worksInEveryPlace(t *testing.T) {
	c := newClone(t)
	c.write("sub/folder/a", "1")
	c.commit("base")
	c.git("switch", "-q", "-c", "feature")
	c.write("sub/folder/a", "2")
	head := c.commit("head")
	linked := filepath.Join(t.TempDir(), "linked")
	c.git("worktree", "add", "-q", "--detach", linked, head)
	bare := filepath.Join(t.TempDir(), "bare.git")
	c.git("clone", "-q", "--bare", c.dir, bare)
	alias := filepath.Join(t.TempDir(), "alias")
	c.link(filepath.Join(c.dir, "sub"), "../"+filepath.Base(filepath.Dir(alias))+"/alias")
	tests := map[string]string{
		"a subfolder": filepath.Join(c.dir, "sub/folder"), "a linked worktree": linked,
		"a bare repository": bare, "a symbolic link to a subfolder": alias,
	}
	for name, dir := range tests {
		t.Run(name, func(t *testing.T) {
			repository := openAt(t, dir)
			checkPaths(t, touched(t, rangeOf(t, repository, "main", "")), "sub/folder/a")
			checkUncommitted(t, repository, false)
		})
	}
	t.Run("a detached HEAD", func(t *testing.T) {
		c.git("checkout", "-q", "--detach", head)
		checkPaths(t, touched(t, rangeOf(t, c.open(), "", "HEAD")), "sub/folder/a")
	})
	t.Run("inside a git hook, which points git elsewhere", func(t *testing.T) {
		t.Setenv("GIT_DIR", "/nowhere")
		t.Setenv("GIT_INDEX_FILE", "/nowhere")
		repository := c.open()
		checkPaths(t, touched(t, rangeOf(t, repository, "", Worktree)), "sub/folder/a")
		if want, _ := filepath.EvalSymlinks(c.dir); repository.Top() != want {
			t.Errorf("top is %s, want %s", repository.Top(), want)
		}
	})
}

func TestRange_defaultBase(t *testing.T) {
	tests := []struct {
		name  string
		setUp func(c clone)
		want  string
	}{
		{"the only branch there is", func(c clone) { c.git("branch", "-q", "-m", "trunk") }, "trunk"},
		{"main itself", func(clone) {}, "main"},
		{"master", func(c clone) { c.git("branch", "-q", "-m", "master"); c.git("branch", "-q", "other") }, "master"},
		{"origin/main before main", func(c clone) { c.git("update-ref", "refs/remotes/origin/main", "HEAD") }, "origin/main"},
		{"what origin/HEAD names", func(c clone) {
			c.git("update-ref", "refs/remotes/origin/develop", "HEAD")
			c.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
		}, "origin/develop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newClone(t)
			c.write("a", "1")
			c.commit("base")
			test.setUp(c)
			got := rangeOf(t, c.open(), "", "")
			if got.Base.Name != test.want {
				t.Errorf("base is %q, want %q", got.Base.Name, test.want)
			}
			checkPaths(t, touched(t, got))
		})
	}
}

func TestUsageErrors_sayWhatToDo(t *testing.T) {
	tests := []struct {
		name, base, head string
		setUp            func(c clone) (dir string)
		msg, hint        string
	}{
		{"not a repository", "", "", func(clone) string { return t.TempDir() }, "is not in a git repository", "clone"},
		{"no such folder", "", "", func(c clone) string { return c.dir + "/nowhere" }, "cannot open", "folder"},
		{"a broken repository", "", "", func(c clone) string { c.remove(".git/HEAD"); return c.dir }, "git: not a git repository", ""},
		{"no commit yet", "", "", func(clone) string { return "" }, "no commit yet", "commit something"},
		{"an unknown base", "v9", "", withCommit, `unknown revision "v9"`, "git log"},
		{"an unknown head", "", "v9", withCommit, `unknown revision "v9"`, "git log"},
		{"an option for a revision", "--all", "", withCommit, `unknown revision "--all"`, ""},
		{"a range for a revision", "HEAD..HEAD", "", withCommit, `unknown revision "HEAD..HEAD"`, ""},
		{"a branch that only origin has", "release", "", func(c clone) string {
			c.commit("base")
			c.git("update-ref", "refs/remotes/origin/release", "HEAD")
			return ""
		}, `unknown revision "release"`, "origin/release"},
		{"no default branch", "", "", func(c clone) string {
			c.commit("base")
			c.git("branch", "-q", "-m", "one")
			c.git("branch", "-q", "two")
			return ""
		}, "cannot tell which branch is the default", "--base"},
		{"no common history", "main", "orphan", func(c clone) string {
			c.commit("base")
			c.git("switch", "-q", "--orphan", "orphan")
			c.commit("other")
			return ""
		}, "main and orphan have no common history", "branched from"},
		{"a shallow clone without the base", "main~1", "", shallow, "in a shallow clone", "fetch-depth: 0"},
		{"a shallow clone without the merge base", "origin/main", "origin/feature", shallow, "is not in this shallow clone", "git fetch --unshallow"},
		{"the worktree of a bare repository", "", Worktree, func(c clone) string {
			c.commit("base")
			bare := filepath.Join(t.TempDir(), "bare.git")
			c.git("clone", "-q", "--bare", c.dir, bare)
			return bare
		}, "bare repository", "--head"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newClone(t)
			dir := test.setUp(c)
			if dir == "" {
				dir = c.dir
			}
			err := openAndRange(t, dir, test.base, test.head)
			usage, ok := errors.AsType[*UsageError](err)
			if !ok || !strings.Contains(usage.Error(), test.msg) || !strings.Contains(usage.Hint, test.hint) {
				t.Errorf("got %v (%+v), want %q, hint %q", err, usage, test.msg, test.hint)
			}
		})
	}
}

func openAndRange(t *testing.T, dir, base, head string) error {
	t.Helper()
	repository, err := Open(t.Context(), dir)
	if err != nil {
		return err
	}
	defer func() {
		if err := repository.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, err = repository.Range(t.Context(), base, head)
	return err
}

func withCommit(c clone) string {
	c.write("a", "1")
	c.commit("base")
	return ""
}

// shallow is a clone of depth 1 of two branches that part before it begins.
func shallow(c clone) string {
	c.write("a", "1")
	c.commit("fork")
	c.git("switch", "-q", "-c", "feature")
	c.commit("head")
	c.git("switch", "-q", "main")
	c.commit("target")
	dir := filepath.Join(c.tb.TempDir(), "shallow")
	c.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+c.dir, dir)
	return dir
}

func TestOpen_withoutGit(t *testing.T) {
	c := newClone(t)
	t.Setenv("PATH", t.TempDir())
	_, err := Open(t.Context(), c.dir)
	if usage, ok := errors.AsType[*UsageError](err); !ok || usage.Msg != "git is not installed" || usage.Hint == "" {
		t.Errorf("got %v", err)
	}
}

func TestOpen_cancelled(t *testing.T) {
	c := newClone(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, c.dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRange_ofAPartialCloneFetchesNothing(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
	c.git("switch", "-q", "-c", "feature")
	c.write("a", "2")
	c.commit("head")
	c.git("config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(t.TempDir(), "partial")
	c.git("clone", "-q", "--filter=blob:none", "file://"+c.dir, dir)
	before := snapshot(t, dir)
	err := openAndRange(t, dir, "origin/main", "")
	usage, ok := errors.AsType[*UsageError](err)
	if !ok || !strings.Contains(usage.Msg, "partial clone") || !strings.Contains(usage.Hint, "filter") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestRepository_isNeverWritten(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
	c.write("a", "1") // a new time stamp makes git want to refresh its index
	before := snapshot(t, c.dir)
	repository := c.open()
	got := rangeOf(t, repository, "", Worktree)
	touched(t, got)
	checkUncommitted(t, repository, false)
	if diff := cmp.Diff(before, snapshot(t, c.dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// snapshot is the time and size of everything in a folder.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	result := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			result[name] = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func thousand(b *testing.B) clone {
	b.Helper()
	c := newClone(b)
	for n := range 1000 {
		c.write(fmt.Sprintf("releases/%04d/release.yaml", n), fmt.Sprintf("metadata: {name: r%d}\n", n))
	}
	c.commit("base")
	return c
}

func BenchmarkRange_thousandFiles(b *testing.B) {
	for _, head := range []string{"HEAD", Worktree} {
		b.Run(head, func(b *testing.B) {
			c := thousand(b)
			for b.Loop() {
				repository := c.open()
				if _, err := fs.ReadDir(rangeOf(b, repository, "", head).Head.FS, "releases"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
