//go:build engine

package stack

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesOfAnImageAreATree(t *testing.T) {
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
		for range 2 {
			if err := files.Close(); err != nil {
				t.Error(err)
			}
		}
		nothingLeft(t, engine, "files")
	})

	t.Run("files are read through links", func(t *testing.T) {
		for name, want := range map[string]string{
			"opt/kafka-3.9.1/libs/a.jar": "aa", "opt/kafka/libs/a.jar": "aa", "opt/absolute": "aa", "opt/kafka/libs/deep/c.jar": "c",
		} {
			if got, err := fs.ReadFile(files, name); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v; want %q", name, got, err, want)
			}
		}
	})
	t.Run("folders are listed through links, one level deep, in order", func(t *testing.T) {
		for _, folder := range []string{"opt/kafka/libs", "opt/kafka-3.9.1/libs"} {
			entries, err := fs.ReadDir(files, folder)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{}
			for _, entry := range entries {
				names = append(names, entry.Name())
			}
			if diff := cmp.Diff([]string{"a.jar", "b.jar", "deep"}, names); diff != "" {
				t.Errorf("%s (-want +got):\n%s", folder, diff)
			}
		}
	})
	t.Run("a walk finds what lies deep", func(t *testing.T) {
		found, err := fs.Glob(files, "opt/kafka/libs/*/*.jar")
		if diff := cmp.Diff([]string{"opt/kafka/libs/deep/c.jar"}, found); err != nil || diff != "" {
			t.Errorf("found (-want +got):\n%s%v", diff, err)
		}
	})
	t.Run("what is not there does not exist", func(t *testing.T) {
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
	})
	t.Run("a link out of the image stays inside", func(t *testing.T) {
		if content, err := fs.ReadFile(files, "opt/out"); err == nil && len(content) > 0 {
			t.Errorf("read %q from outside", content)
		}
	})
	t.Run("a file is no folder", func(t *testing.T) {
		if _, err := fs.ReadDir(files, "opt/absolute"); err == nil {
			t.Error("a file was listed")
		}
	})
	t.Run("stat tells size and kind", func(t *testing.T) {
		info, err := fs.Stat(files, "opt/absolute")
		if err != nil || info.Size() != 2 || info.Name() != "absolute" || info.IsDir() || info.ModTime().Unix() != 1 {
			t.Errorf("got %v, %v", info, err)
		}
	})
}
