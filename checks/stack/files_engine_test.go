//go:build engine

package stack

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filesOf are the files of an image with links of every kind.
func filesOf(t *testing.T) *Files {
	t.Helper()
	engine := connected(t)
	at := newLoopback(t, engine)
	digest := at.push("files:1", imageOf(t, t.Name(), []entry{
		{path: "opt", folder: true},
		{path: "opt/kafka-3.9.1", folder: true},
		{path: "opt/kafka-3.9.1/libs", folder: true},
		{path: "opt/kafka-3.9.1/libs/b.jar", content: "b"},
		{path: "opt/kafka-3.9.1/libs/a.jar", content: "aa"},
		{path: "opt/kafka-3.9.1/libs/deep", folder: true},
		{path: "opt/kafka-3.9.1/libs/deep/c.jar", content: "c"},
		{path: "opt/kafka", link: "kafka-3.9.1"},
		{path: "opt/absolute", link: "/opt/kafka/libs/a.jar"},
		{path: "opt/out", link: "../../../../etc/hostname"},
		{path: "opt/loop", link: "loop"},
		{path: "opt/nowhere", link: "gone"},
	}, "/x"))
	image, err := engine.Resolve(t.Context(), at.host+"/files@"+digest)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Files(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(files.Close(), files.Close()); err != nil {
			t.Error(err)
		}
		nothingLeft(t, engine, "files")
	})
	return files
}

func TestFilesOfAnImageAreReadThroughLinks(t *testing.T) {
	files := filesOf(t)
	for name, want := range map[string]string{
		"opt/kafka-3.9.1/libs/a.jar": "aa", "opt/kafka/libs/a.jar": "aa", "opt/absolute": "aa", "opt/kafka/libs/deep/c.jar": "c",
	} {
		if got, err := fs.ReadFile(files, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	info, err := fs.Stat(files, "opt/absolute")
	if err != nil || info.Size() != 2 || info.Name() != "absolute" || info.IsDir() || info.ModTime().Unix() != 1 {
		t.Errorf("stat says %v, %v", info, err)
	}
}

func TestFoldersOfAnImageAreListedThroughLinks(t *testing.T) {
	files := filesOf(t)
	for _, folder := range []string{"opt/kafka/libs", "opt/kafka-3.9.1/libs"} {
		entries, err := fs.ReadDir(files, folder)
		if diff := cmp.Diff([]string{"a.jar", "b.jar", "deep"}, names(entries)); err != nil || diff != "" {
			t.Errorf("%s (-want +got):\n%s%v", folder, diff, err)
		}
	}
	found, err := fs.Glob(files, "opt/kafka/libs/*/*.jar")
	if diff := cmp.Diff([]string{"opt/kafka/libs/deep/c.jar"}, found); err != nil || diff != "" {
		t.Errorf("deep below (-want +got):\n%s%v", diff, err)
	}
	if _, err := fs.ReadDir(files, "opt/absolute"); err == nil {
		t.Error("a file was listed")
	}
}

func TestWhatIsNotInAnImageDoesNotExist(t *testing.T) {
	files := filesOf(t)
	for _, name := range []string{"opt/none", "opt/nowhere", "none/none"} {
		if _, err := fs.Stat(files, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want %v", name, err, fs.ErrNotExist)
		}
	}
	if _, err := files.Open("../etc/passwd"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path out of the tree: %v", err)
	}
	if _, err := files.Open("opt/loop"); err == nil {
		t.Error("a link to itself was opened")
	}
	if content, err := fs.ReadFile(files, "opt/out"); err == nil && len(content) > 0 {
		t.Errorf("a link out of the image: read %q from outside", content)
	}
}
