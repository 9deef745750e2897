package stack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// list reads the names directly below a folder from the engine's stream of it.
func (f *Files) list(name, at string) ([]fs.DirEntry, error) {
	// A trailing "/." makes the entries' names relative to the folder itself.
	content, err := f.engine.client.CopyFromContainer(f.ctx, f.id, client.CopyFromContainerOptions{SourcePath: at + "/."})
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	entries, err := children(content.Content)
	if err = errors.Join(err, content.Content.Close()); err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return entries, nil
}

// children are the entries of a tar stream that lie directly below its root.
func children(stream io.Reader) ([]fs.DirEntry, error) {
	limited := &io.LimitedReader{R: stream, N: listingBytes}
	archive := tar.NewReader(limited)
	entries := []fs.DirEntry{}
	for count := 0; ; count++ {
		header, err := archive.Next()
		switch {
		case limited.N <= 0 || count == listedEntries:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
			return entries, nil
		case err != nil:
			return nil, err
		}
		if name := path.Clean(header.Name); name != "." && !strings.Contains(name, "/") {
			entries = append(entries, fs.FileInfoToDirEntry(header.FileInfo()))
		}
	}
}

// info is what the engine says of a path.
type info struct {
	name string
	stat container.PathStat
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.stat.Size }
func (i info) Mode() fs.FileMode  { return i.stat.Mode }
func (i info) ModTime() time.Time { return i.stat.Mtime }
func (i info) IsDir() bool        { return i.stat.Mode.IsDir() }
func (i info) Sys() any           { return i.stat }

// file streams one file's bytes.
type file struct {
	io.Reader
	io.Closer
	info fs.FileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

// folder is an open folder with what is left to read of it.
type folder struct {
	info    fs.FileInfo
	entries []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.Name(), Err: errors.New("is a folder")}
}

func (f *folder) ReadDir(count int) ([]fs.DirEntry, error) {
	if count <= 0 {
		count = len(f.entries)
	} else if len(f.entries) == 0 {
		return nil, io.EOF
	}
	count = min(count, len(f.entries))
	read := f.entries[:count]
	f.entries = f.entries[count:]
	return read, nil
}

// File is one file as a tar stream for ContainerSpec.Files: content at path,
// readable by every user in the container.
func File(at string, content []byte) (io.Reader, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	header := &tar.Header{Name: strings.TrimPrefix(at, "/"), Mode: 0o644, Size: int64(len(content)), ModTime: time.Now()}
	if err := archive.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("pack file %s: %w", at, err)
	}
	if _, err := archive.Write(content); err != nil {
		return nil, fmt.Errorf("pack file %s: %w", at, err)
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack file %s: %w", at, err)
	}
	return &packed, nil
}
