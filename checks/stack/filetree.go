package stack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
)

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

// folder is an open folder: a stream of all that lies below it, of which the
// entries directly below it are read.
type folder struct {
	io.Closer
	info    fs.FileInfo
	stream  *io.LimitedReader
	archive *tar.Reader
	seen    int // entries at every depth
}

func newFolder(info fs.FileInfo, content io.ReadCloser) *folder {
	stream := &io.LimitedReader{R: content, N: listingBytes}
	return &folder{Closer: content, info: info, stream: stream, archive: tar.NewReader(stream)}
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.Name(), Err: errors.New("is a folder")}
}

// ReadDir reads the next entries in the engine's order, as fs.ReadDirFile wants it.
func (f *folder) ReadDir(count int) ([]fs.DirEntry, error) {
	entries := []fs.DirEntry{}
	for count <= 0 || len(entries) < count {
		entry, err := f.next()
		if errors.Is(err, io.EOF) && (count <= 0 || len(entries) > 0) {
			return entries, nil
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func (f *folder) next() (fs.DirEntry, error) {
	for {
		header, err := f.archive.Next()
		if f.seen++; f.stream.N <= 0 || f.seen > listedEntries {
			return nil, &fs.PathError{Op: "readdir", Path: f.info.Name(), Err: errTooLarge}
		}
		if err != nil {
			return nil, err
		}
		if name := path.Clean(header.Name); name != "." && !strings.Contains(name, "/") {
			return fs.FileInfoToDirEntry(header.FileInfo()), nil
		}
	}
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
