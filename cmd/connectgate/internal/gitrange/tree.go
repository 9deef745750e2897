package gitrange

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is a fixed list of files and links; folders follow from their names.
// It is safe for concurrent use.
type tree struct {
	entries map[string]*entry // files, links and folders by path; the root is "."
	read    func(*entry) ([]byte, error)
}

// entry is one name in a tree. It is its own fs.FileInfo and fs.DirEntry.
type entry struct {
	path     string
	mode     fs.FileMode
	size     int64
	hash     string // of the blob; empty: on disk
	children []fs.DirEntry
}

func (e *entry) Name() string               { return path.Base(e.path) }
func (e *entry) Size() int64                { return e.size }
func (e *entry) Mode() fs.FileMode          { return e.mode }
func (e *entry) Type() fs.FileMode          { return e.mode.Type() }
func (e *entry) ModTime() time.Time         { return time.Time{} }
func (e *entry) IsDir() bool                { return e.mode.IsDir() }
func (e *entry) Sys() any                   { return nil }
func (e *entry) Info() (fs.FileInfo, error) { return e, nil }
func (e *entry) String() string             { return fs.FormatDirEntry(e) }
func (e *entry) link() bool                 { return e.mode.Type() == fs.ModeSymlink }

// newTree builds the folders. Names which io/fs cannot say, and names below
// something that is no folder, are left out.
func newTree(files []*entry, read func(*entry) ([]byte, error)) *tree {
	t := &tree{entries: map[string]*entry{".": {path: ".", mode: fs.ModeDir | 0o555}}, read: read}
	slices.SortFunc(files, func(a, b *entry) int { return strings.Compare(a.path, b.path) })
	for _, file := range files {
		if fs.ValidPath(file.path) && t.entries[file.path] == nil {
			t.add(file)
		}
	}
	for _, e := range t.entries {
		slices.SortFunc(e.children, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t
}

// add hangs an entry below its folder, which it makes where it is missing.
func (t *tree) add(e *entry) bool {
	folder := t.entries[path.Dir(e.path)]
	if folder == nil {
		folder = &entry{path: path.Dir(e.path), mode: fs.ModeDir | 0o555}
		if !t.add(folder) {
			return false
		}
	}
	if !folder.IsDir() {
		return false
	}
	folder.children = append(folder.children, e)
	t.entries[e.path] = e
	return true
}

// maxLinks is how many symbolic links one name may pass through, as on Linux.
const maxLinks = 40

// lookup finds the entry of a name through symbolic links; the last one is
// followed only where follow says so.
func (t *tree) lookup(operation, name string, follow bool) (*entry, error) {
	refuse := func(err error) (*entry, error) {
		return nil, &fs.PathError{Op: operation, Path: name, Err: err}
	}
	if !fs.ValidPath(name) {
		return refuse(fs.ErrInvalid)
	}
	current := name
	for range maxLinks {
		found, rest := t.walk(current)
		switch {
		case found == nil:
			return refuse(fs.ErrNotExist)
		case rest == "" && (!follow || !found.link()):
			return found, nil
		case !found.link():
			return refuse(fs.ErrNotExist) // a file where a folder is asked for
		}
		target, err := t.read(found)
		if err != nil {
			return refuse(err)
		}
		current = path.Join(path.Dir(found.path), string(target), rest)
		if path.IsAbs(string(target)) || !fs.ValidPath(current) {
			return refuse(fmt.Errorf("%w: symbolic link %s leaves the tree", fs.ErrInvalid, found.path))
		}
	}
	return refuse(fmt.Errorf("%w: more than %d symbolic links", fs.ErrInvalid, maxLinks))
}

// walk finds the entry at name or, on the way, the first that is no folder, with
// the rest of the name below it. Without such a name there is no entry.
func (t *tree) walk(name string) (found *entry, rest string) {
	if e := t.entries[name]; e != nil {
		return e, ""
	}
	for at := range len(name) {
		if name[at] != '/' {
			continue
		}
		if e := t.entries[name[:at]]; e == nil || !e.IsDir() {
			return e, name[at+1:]
		}
	}
	return nil, ""
}

// Open opens a file or folder; a file is read at the first Read.
func (t *tree) Open(name string) (fs.File, error) {
	e, err := t.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	if e.IsDir() {
		return &openFolder{entry: e}, nil
	}
	return &openFile{entry: e, read: t.read}, nil
}

// ReadFile reads a whole file.
func (t *tree) ReadFile(name string) ([]byte, error) {
	e, err := t.lookup("readfile", name, true)
	if err == nil && e.IsDir() {
		err = &fs.PathError{Op: "readfile", Path: name, Err: errFolder}
	}
	if err != nil {
		return nil, err
	}
	content, err := t.read(e)
	if err != nil {
		return nil, &fs.PathError{Op: "readfile", Path: name, Err: err}
	}
	return content, nil
}

// ReadDir lists a folder by name.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.lookup("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !e.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errNoFolder}
	}
	return slices.Clone(e.children), nil
}

// Stat describes what a name stands for, links followed.
func (t *tree) Stat(name string) (fs.FileInfo, error) { return t.info("stat", name, true) }

// Lstat describes a name itself.
func (t *tree) Lstat(name string) (fs.FileInfo, error) { return t.info("lstat", name, false) }

func (t *tree) info(operation, name string, follow bool) (fs.FileInfo, error) {
	e, err := t.lookup(operation, name, follow)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ReadLink is the target of a symbolic link as it was written, wherever it leads.
func (t *tree) ReadLink(name string) (string, error) {
	e, err := t.lookup("readlink", name, false)
	if err == nil && !e.link() {
		err = &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return "", err
	}
	target, err := t.read(e)
	return string(target), err
}

var (
	errFolder   = fmt.Errorf("%w: is a folder", fs.ErrInvalid)
	errNoFolder = fmt.Errorf("%w: is not a folder", fs.ErrInvalid)
)

// openFile is a file of a tree, for one reader at a time.
type openFile struct {
	*entry

	read    func(*entry) ([]byte, error)
	content *bytes.Reader // nil before the first Read
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFile) Close() error               { return nil }

func (f *openFile) Read(p []byte) (int, error) {
	if f.content == nil {
		content, err := f.read(f.entry)
		if err != nil {
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
		}
		f.content = bytes.NewReader(content)
	}
	return f.content.Read(p)
}

// openFolder is a folder of a tree, for one reader at a time.
type openFolder struct {
	*entry

	listed int
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.path, Err: errFolder}
}

func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.children[f.listed:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(rest) {
		rest = rest[:n]
	}
	f.listed += len(rest)
	return slices.Clone(rest), nil
}
