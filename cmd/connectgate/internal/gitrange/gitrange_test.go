package gitrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// clone is a repository in a temporary folder.
type clone struct {
	t   testing.TB
	dir string
}

func newClone(t testing.TB) clone {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	c := clone{t: t, dir: t.TempDir()}
	c.git("init", "-q", "-b", "main")
	return c
}

func (c clone) git(args ...string) string {
	c.t.Helper()
	settings := []string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"}
	cmd := exec.CommandContext(c.t.Context(), "git", append(settings, args...)...)
	cmd.Dir = c.dir
	output, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

func (c clone) write(name, content string) {
	c.t.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c clone) link(target, name string) {
	c.t.Helper()
	if err := os.Symlink(target, filepath.Join(c.dir, name)); err != nil {
		c.t.Fatal(err)
	}
}

func (c clone) remove(name string) {
	c.t.Helper()
	if err := os.RemoveAll(filepath.Join(c.dir, name)); err != nil {
		c.t.Fatal(err)
	}
}

func (c clone) commit(message string) string {
	c.t.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "--allow-empty", "-m", message)
	return c.git("rev-parse", "HEAD")
}

func (c clone) open() *Repository {
	c.t.Helper()
	return openAt(c.t, c.dir)
}

func openAt(t testing.TB, dir string) *Repository {
	t.Helper()
	repository, err := Open(context.WithoutCancel(t.Context()), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repository.Close(); err != nil {
			t.Error(err)
		}
	})
	return repository
}

func rangeOf(t testing.TB, repository *Repository, base, head string) Range {
	t.Helper()
	result, err := repository.Range(t.Context(), base, head)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func touched(t testing.TB, r Range) []string {
	t.Helper()
	paths, err := r.Touched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func content(t testing.TB, tree fs.FS, name string) string {
	t.Helper()
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func checkPaths(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

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
	dir := filepath.Join(c.t.TempDir(), "shallow")
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

func TestTree_oddNames(t *testing.T) {
	c := newClone(t)
	names := []string{"a\nb", "with \"quotes\"", "tab\there", "ünï/日本", "-dash", ":colon", "*star", "blank ", "x.y", "x/y"}
	for _, name := range names {
		c.write(name, name)
	}
	c.write("not\xffutf8", "absent")
	c.commit("base")
	c.git("switch", "-q", "-c", "feature")
	for _, name := range names {
		c.write(name, name+" changed")
	}
	c.commit("head")
	for _, head := range []string{"HEAD", Worktree} {
		got := rangeOf(t, c.open(), "", head)
		if len(touched(t, got)) != len(names) {
			t.Errorf("touched %q", touched(t, got))
		}
		for _, name := range names {
			if text := content(t, got.Base.FS, name) + content(t, got.Head.FS, name); text != name+name+" changed" {
				t.Errorf("%q: %q", name, text)
			}
		}
		if err := fstest.TestFS(got.Head.FS, names...); err != nil {
			t.Error(err)
		}
	}
}

// testing/fstest refuses backslashes, which git and Linux allow.
func TestTree_backslashInAName(t *testing.T) {
	c := newClone(t)
	c.write(`back\slash`, "text")
	c.commit("base")
	for _, head := range []string{"HEAD", Worktree} {
		if content(t, rangeOf(t, c.open(), "", head).Head.FS, `back\slash`) != "text" {
			t.Errorf("%s: the file is missing", head)
		}
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

func TestTree_linksAndSubmodules(t *testing.T) {
	c := newClone(t)
	c.write("folder/file", "text")
	c.link("folder/file", "link")
	c.link("folder", "linked")
	c.link("../folder/file", "folder/up")
	c.link("../../etc/passwd", "out")
	c.link("/etc/passwd", "absolute")
	c.link("nowhere", "dangling")
	c.link("loop", "loop")
	other := newClone(t)
	other.commit("submodule")
	c.git("submodule", "add", "-q", other.dir, "module")
	c.commit("base")
	for _, head := range []string{"HEAD", Worktree} {
		tree := rangeOf(t, c.open(), "", head).Head.FS
		for _, name := range []string{"link", "linked/file", "folder/up", "linked/up"} {
			if content(t, tree, name) != "text" {
				t.Errorf("%s: %s leads elsewhere", head, name)
			}
		}
		refused := map[string]error{
			"out": fs.ErrInvalid, "absolute": fs.ErrInvalid, "loop": fs.ErrInvalid, "dangling": fs.ErrNotExist,
			"module": fs.ErrNotExist, "link/below": fs.ErrNotExist, "folder/file/below": fs.ErrNotExist, "../x": fs.ErrInvalid,
		}
		for name, want := range refused {
			if _, err := fs.ReadFile(tree, name); !errors.Is(err, want) {
				t.Errorf("%s: %s: %v, want %v", head, name, err, want)
			}
		}
		checkLink(t, tree, "out", "../../etc/passwd")
	}
}

func checkLink(t *testing.T, tree fs.FS, name, want string) {
	t.Helper()
	info, err := fs.Lstat(tree, name)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("lstat %s: %v, %v", name, info, err)
	}
	if target, err := fs.ReadLink(tree, name); err != nil || target != want {
		t.Errorf("readlink %s: %q, %v", name, target, err)
	}
}

func TestTree_isAFileSystem(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.write("run.sh", "#!/bin/sh\n")
	c.write("folder/deep/b", strings.Repeat("x", 100_000))
	c.write("folder/empty", "")
	c.link("folder", "link")
	c.git("add", "-A")
	c.git("update-index", "--chmod=+x", "run.sh")
	c.git("commit", "-q", "-m", "base")
	tree := rangeOf(t, c.open(), "", "").Head.FS
	if err := fstest.TestFS(tree, "a", "run.sh", "folder/deep/b", "folder/empty", "link"); err != nil {
		t.Error(err)
	}
	if info, err := fs.Stat(tree, "folder/deep/b"); err != nil || info.Size() != 100_000 {
		t.Errorf("stat: %v, %v", info, err)
	}
	if info, err := fs.Stat(tree, "run.sh"); err != nil || info.Mode() != 0o555 {
		t.Errorf("stat: %v, %v", info, err)
	}
	if _, err := fs.ReadFile(tree, "folder"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("reading a folder: %v", err)
	}
	if _, err := fs.ReadDir(tree, "a"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("listing a file: %v", err)
	}
	if _, err := fs.ReadLink(tree, "a"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a file as a link: %v", err)
	}
}

func TestTree_isReadByManyAtOnce(t *testing.T) {
	c := newClone(t)
	for n := range 100 {
		c.write(fmt.Sprint(n), strings.Repeat(fmt.Sprint(n), n))
	}
	c.commit("base")
	tree := rangeOf(t, c.open(), "", "").Head.FS
	var group sync.WaitGroup
	for n := range 100 {
		group.Go(func() {
			if data, err := fs.ReadFile(tree, fmt.Sprint(n)); err != nil || string(data) != strings.Repeat(fmt.Sprint(n), n) {
				t.Errorf("%d: %q, %v", n, data, err)
			}
		})
	}
	group.Wait()
}

func TestTree_afterTheEnd(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
	t.Run("closed", func(t *testing.T) {
		repository := c.open()
		tree := rangeOf(t, repository, "", "").Head.FS
		if err := repository.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := fs.ReadFile(tree, "a"); !errors.Is(err, errClosed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		repository, err := Open(ctx, c.dir)
		if err != nil {
			t.Fatal(err)
		}
		tree := rangeOf(t, repository, "", "").Head.FS
		cancel()
		_ = repository.blobs.cmd.Wait()
		for range 2 {
			if _, err := fs.ReadFile(tree, "a"); err == nil {
				t.Error("a dead process answered")
			}
		}
		if err := repository.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled before anything was read", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		repository, err := Open(ctx, c.dir)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := repository.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("an object that is missing", func(t *testing.T) {
		repository := c.open()
		if _, err := repository.blobs.read(strings.Repeat("0", 40)); err == nil || !strings.Contains(err.Error(), "not in this clone") {
			t.Errorf("got %v", err)
		}
		if content(t, rangeOf(t, repository, "", "").Head.FS, "a") != "1" {
			t.Error("the next blob cannot be read")
		}
	})
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

func BenchmarkTree_readsThousandFiles(b *testing.B) {
	c := thousand(b)
	tree := rangeOf(b, c.open(), "", "").Head.FS
	for b.Loop() {
		for n := range 1000 {
			if _, err := fs.ReadFile(tree, fmt.Sprintf("releases/%04d/release.yaml", n)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
