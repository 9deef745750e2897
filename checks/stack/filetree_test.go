package stack

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
)

func folderOf(t *testing.T, names ...string) *folder {
	t.Helper()
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, name := range names {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return newFolder(info{name: "libs", stat: container.PathStat{Mode: fs.ModeDir}}, io.NopCloser(&packed))
}

func names(entries []fs.DirEntry) []string {
	list := []string{}
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

func TestAFolderIsReadInSteps(t *testing.T) {
	open := folderOf(t, "./", "./a", "./b/", "./b/deep", "./c")
	first, err := open.ReadDir(2)
	if diff := cmp.Diff([]string{"a", "b"}, names(first)); err != nil || diff != "" {
		t.Errorf("first two (-want +got):\n%s%v", diff, err)
	}
	rest, err := open.ReadDir(2)
	if diff := cmp.Diff([]string{"c"}, names(rest)); err != nil || diff != "" {
		t.Errorf("the rest (-want +got):\n%s%v", diff, err)
	}
	if _, err := open.ReadDir(2); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if all, err := folderOf(t, "a", "b").ReadDir(-1); err != nil || len(all) != 2 {
		t.Errorf("all at once: %v, %v", all, err)
	}
	if _, err := open.Read(nil); err == nil {
		t.Error("a folder was read as a file")
	}
	if got, err := open.Stat(); err != nil || !got.IsDir() || got.Sys() == nil || got.Mode() != fs.ModeDir {
		t.Errorf("stat %v, %v", got, err)
	}
}

func TestAFolderHasLimits(t *testing.T) {
	t.Run("of entries", func(t *testing.T) {
		open := folderOf(t, "a")
		open.seen = listedEntries
		if _, err := open.ReadDir(-1); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v, want %v", err, errTooLarge)
		}
	})
	t.Run("of bytes", func(t *testing.T) {
		open := folderOf(t, "a")
		open.stream.N = 100
		if _, err := open.ReadDir(-1); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v, want %v", err, errTooLarge)
		}
	})
}

func TestAFileIsPackedReadableByAll(t *testing.T) {
	stream, err := File("/connectgate/worker.properties", []byte("a=b"))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(stream)
	header, err := archive.Next()
	if err != nil || header.Name != "connectgate/worker.properties" || header.Mode != 0o644 {
		t.Errorf("header %+v, %v", header, err)
	}
	if content, err := io.ReadAll(archive); err != nil || string(content) != "a=b" {
		t.Errorf("content %q, %v", content, err)
	}
}
