package gitrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

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

func TestTree_afterClose(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
	repository := c.open()
	tree := rangeOf(t, repository, "", "").Head.FS
	if err := repository.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(tree, "a"); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestTree_afterTheContextEnded(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
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
}

func TestBlobs_goOnAfterAMissingObject(t *testing.T) {
	c := newClone(t)
	c.write("a", "1")
	c.commit("base")
	repository := c.open()
	if _, err := repository.blobs.read(strings.Repeat("0", 40)); err == nil || !strings.Contains(err.Error(), "not in this clone") {
		t.Errorf("got %v", err)
	}
	if content(t, rangeOf(t, repository, "", "").Head.FS, "a") != "1" {
		t.Error("the next blob cannot be read")
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
