package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"github.com/connectgate/connectgate/policy/release"
)

// maxArchive is the size of the largest archive that is read.
const maxArchive = 512 << 20

// Origin is where archives may come from. It is safe for concurrent use.
type Origin struct {
	Tree  fs.FS  // where plugins by path lie
	Local string // the local Maven repository's folder; empty: there is none
	// Cache is a folder that keeps, by checksum, what was downloaded or lay in
	// the tree. It is made when needed; without it only Local can be used.
	Cache string
	// Repositories are base URLs of Maven repositories, asked in order after Local.
	Repositories []string
	// Hosts may serve plugins by url and redirects, as host or host:port.
	Hosts []string
	// Client makes the requests; nil: one with the standard transport. Time is
	// limited by the context alone.
	Client *http.Client
}

// Fetch finds the archive that p declares and verifies its checksum where p has
// one. For a plugin by path, at is that path resolved in Tree; otherwise it is
// not used. Errors are *MissingError, *RefusedError, *ChecksumError and
// *ArchiveError (too large) where the release is wrong; any other says that it
// cannot be told.
func (o Origin) Fetch(ctx context.Context, p release.Plugin, at string) (*Archive, error) {
	switch {
	case p.Maven != "":
		return o.maven(ctx, p)
	case p.URL != "":
		return o.url(ctx, p)
	case p.Path != "":
		return o.tree(p, at)
	}
	return nil, &RefusedError{Reason: "it names no maven, url or path; state one of them"}
}

// maven asks the local repository, the cache and then the other repositories.
func (o Origin) maven(ctx context.Context, p release.Plugin) (*Archive, error) {
	c, ok := parseCoordinates(p.Maven)
	if !ok {
		return nil, &RefusedError{Name: p.Maven, Reason: "write its coordinates as group:artifact:version[:classifier][@extension]"}
	}
	repositories, err := o.repositories(p)
	if err != nil {
		return nil, err
	}
	wanted := want{name: p.Maven, file: c.file(), sha256: p.SHA256}
	if o.Local != "" {
		archive, err := wanted.inPlace(filepath.Join(o.Local, filepath.FromSlash(c.path())))
		if !errors.Is(err, fs.ErrNotExist) {
			return archive, err
		}
	}
	return o.download(ctx, wanted, repositories, c.path())
}

// tree takes an archive that is committed in the repository.
func (o Origin) tree(p release.Plugin, at string) (*Archive, error) {
	wanted := want{name: at, file: path.Base(at), sha256: p.SHA256}
	info, err := fs.Stat(o.Tree, at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &MissingError{Name: at, Looked: []string{"the repository"}}
	case err != nil:
		return nil, fmt.Errorf("read plugin %s: %w", at, err)
	case !info.Mode().IsRegular():
		return nil, &ArchiveError{Name: at, Msg: "is not a regular file; point path at an archive"}
	}
	file, err := o.Tree.Open(at)
	if err != nil {
		return nil, fmt.Errorf("read plugin %s: %w", at, err)
	}
	defer file.Close() //nolint:errcheck // only read
	return wanted.keep(file, o.Cache, "the repository")
}

// want is the archive that a release declares.
type want struct {
	name, file string
	sha256     string // empty: any bytes will do
}

// archive verifies the checksum of bytes that lie at a path of this machine.
func (w want) archive(digest, at, where string) (*Archive, error) {
	if w.sha256 != "" && w.sha256 != digest {
		return nil, &ChecksumError{Name: w.name, Where: where, Want: w.sha256, Got: digest}
	}
	return &Archive{Name: w.name, File: w.file, Digest: "sha256:" + digest, path: at}, nil
}

// inPlace verifies a file of this machine and uses it where it lies.
func (w want) inPlace(at string) (*Archive, error) {
	file, err := os.Open(at) //nolint:gosec // the path is the caller's folder and checked coordinates or a checksum
	if err != nil {
		return nil, fmt.Errorf("open plugin %s: %w", w.name, err)
	}
	defer file.Close() //nolint:errcheck // only read
	digest, err := w.copy(io.Discard, file)
	if err != nil {
		return nil, err
	}
	return w.archive(digest, at, at)
}

// keep copies bytes into the cache under their checksum. Bytes which are not
// the declared ones are not kept.
func (w want) keep(source io.Reader, cache, where string) (*Archive, error) {
	if cache == "" {
		return nil, fmt.Errorf("keep plugin %s: no cache folder is set", w.name)
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, fmt.Errorf("make cache folder: %w", err)
	}
	file, err := os.CreateTemp(cache, "download-*")
	if err != nil {
		return nil, fmt.Errorf("keep plugin %s: %w", w.name, err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // gone already where it was renamed
	digest, err := w.copy(file, source)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	archive, err := w.archive(digest, filepath.Join(cache, digest), where)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(file.Name(), archive.path); err != nil {
		return nil, fmt.Errorf("keep plugin %s: %w", w.name, err)
	}
	return archive, nil
}

// copy copies at most maxArchive bytes and returns their sha256 as hex digits.
func (w want) copy(target io.Writer, source io.Reader) (string, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(target, sum), io.LimitReader(source, maxArchive+1))
	if err != nil {
		return "", fmt.Errorf("read plugin %s: %w", w.name, err)
	}
	if n > maxArchive {
		return "", &ArchiveError{Name: w.name, Msg: fmt.Sprintf("is larger than %d MiB", maxArchive>>20)}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
