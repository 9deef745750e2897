package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// maxLinks bounds how many symbolic links a path may lead through.
const maxLinks = 40

// The reasons why a path is not followed or a file is not read.
var (
	errOutside = errors.New("it leads out of the repository")
	errFolder  = errors.New("it is a folder")
)

// tree is a file tree in which no path leads out. Safe for concurrent use.
type tree struct {
	files fs.FS
	// folders remembers where folders really are, by name: every file asks again.
	folders sync.Map
}

// resolve is the path that a name really has, with symbolic links followed.
// It returns errOutside for one that leaves the tree, and fs.ErrNotExist.
func (t *tree) resolve(name string) (string, error) { return t.follow(name, maxLinks) }

func (t *tree) follow(name string, links int) (string, error) {
	if links == 0 {
		return "", fmt.Errorf("%w or leads through more than %d symbolic links", errOutside, maxLinks)
	}
	if name == "." {
		return name, nil
	}
	folder, err := t.folder(path.Dir(name), links)
	if err != nil {
		return "", err
	}
	real := path.Join(folder, path.Base(name))
	info, err := fs.Lstat(t.files, real)
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return real, nil
	}
	link, err := fs.ReadLink(t.files, real)
	if err != nil {
		return "", err
	}
	target := path.Join(folder, link)
	if path.IsAbs(link) || !fs.ValidPath(target) {
		return "", errOutside
	}
	return t.follow(target, links-1)
}

func (t *tree) folder(name string, links int) (string, error) {
	if real, known := t.folders.Load(name); known {
		return real.(string), nil
	}
	real, err := t.follow(name, links)
	if err == nil {
		t.folders.Store(name, real)
	}
	return real, err
}

// beside is the real path of a name that is written in a file, relative to it.
// It returns errOutside where that leaves the tree, and fs.ErrNotExist.
func (t *tree) beside(file, relative string) (string, error) {
	name := path.Join(path.Dir(file), relative)
	if path.IsAbs(relative) || !fs.ValidPath(name) {
		return "", errOutside
	}
	return t.resolve(name)
}

// read returns a text file of at most maxFile bytes without its byte order mark.
// Files that are larger or no text are refused.
func (t *tree) read(name string) ([]byte, error) {
	file, err := t.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(data) > maxFile {
		return nil, refuse(idTooLarge, scorecard.Position{File: name}, "the file is larger than 1 MiB",
			"keep the manifest and the definition below 1 MiB")
	}
	if bad := invalidUTF8(data); bad >= 0 {
		at := placeOf(data, bad)
		return nil, refuse(idUnreadable, scorecard.Position{File: name, Line: at.line, Column: at.column},
			fmt.Sprintf("the byte 0x%02x is not UTF-8", data[bad]), "save the file as UTF-8")
	}
	return []byte(strings.TrimPrefix(string(data), "\uFEFF")), nil
}

// open opens a file, and refuses a folder.
func (t *tree) open(name string) (fs.File, error) {
	file, err := t.files.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.IsDir() {
		return file, nil
	}
	if err == nil {
		err = errFolder
	}
	return nil, unreadable(name, errors.Join(err, file.Close()))
}

// unreadable refuses a file that may not be opened or is a folder. Any other
// failure is the tree's, and stays an error.
func unreadable(name string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errFolder) {
		return refuse(idUnreadable, scorecard.Position{File: name}, "the file cannot be read: "+err.Error(),
			"make it a file that can be read")
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// invalidUTF8 is the offset of the first byte that is not UTF-8; -1 where all are.
func invalidUTF8(data []byte) int {
	for offset := 0; offset < len(data); {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size == 1 {
			return offset
		}
		offset += size
	}
	return -1
}

// digest is the sha256 of a file of any size, in hex.
func (t *tree) digest(name string) (string, error) {
	file, err := t.open(name)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", unreadable(name, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
