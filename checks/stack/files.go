package stack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Limits of what is read from an image: it is untrusted.
const (
	fileBytes     = 64 << 20  // of one file
	listingBytes  = 512 << 20 // of all that lies below a folder, which a listing streams
	listedEntries = 100_000
	linkHops      = 8
)

var errTooLarge = errors.New("too large to read from an image")

// Files are the files of an image as a tree (fs.FS, fs.StatFS)
// over a container that was created and is never started. Symbolic links are
// followed inside the image. It is safe for concurrent use.
type Files struct {
	ctx    context.Context
	engine *Engine
	id     string
}

// Files opens the files of an image; ctx ends their use. Close removes the
// container. Errors of Files, and of its methods but for fs.ErrNotExist,
// fs.ErrInvalid and what is too large, are infrastructure's.
func (e *Engine) Files(ctx context.Context, image Image) (*Files, error) {
	created, err := uninterrupted(ctx, func(ctx context.Context) (client.ContainerCreateResult, error) {
		return e.client.ContainerCreate(ctx, client.ContainerCreateOptions{
			Config: &container.Config{
				Image: image.Pinned, Entrypoint: []string{"/never-started"}, Labels: labels("files", "", "", time.Time{}),
			},
			HostConfig: &container.HostConfig{NetworkMode: "none"},
		})
	})
	if err != nil {
		return nil, fmt.Errorf("create container of %s to read its files: %w", image.Reference, err)
	}
	return &Files{ctx: ctx, engine: e, id: created.ID}, nil
}

// Close removes the container. It may be called again.
func (f *Files) Close() error {
	return untilGone(context.WithoutCancel(f.ctx), f.id, f.engine.removeContainer)
}

// Open opens a file or a folder (an fs.ReadDirFile). The engine streams a folder
// with all that lies below it, so open the deepest one that will do, and read
// no further than needed.
func (f *Files) Open(name string) (fs.File, error) {
	at, stat, err := f.resolve("open", name)
	if err != nil {
		return nil, err
	}
	if !stat.IsDir() && stat.Size() > fileBytes {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errTooLarge}
	}
	if stat.IsDir() {
		at += "/." // makes the names in the stream relative to the folder
	}
	content, err := f.engine.client.CopyFromContainer(f.ctx, f.id, client.CopyFromContainerOptions{SourcePath: at})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if stat.IsDir() {
		return newFolder(stat, content.Content), nil
	}
	archive := tar.NewReader(content.Content)
	if _, err := archive.Next(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.Join(err, content.Content.Close())}
	}
	return &file{info: stat, Reader: archive, Closer: content.Content}, nil
}

// Stat describes what a name leads to, symbolic links followed.
func (f *Files) Stat(name string) (fs.FileInfo, error) {
	_, stat, err := f.resolve("stat", name)
	return stat, err
}

// resolve follows links: the engine resolves those on the way, and says where
// the last one leads, inside the image.
func (f *Files) resolve(op, name string) (string, fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return "", nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at := path.Join("/", name)
	for range linkHops {
		found, err := f.engine.client.ContainerStatPath(f.ctx, f.id, client.ContainerStatPathOptions{Path: at})
		if errdefs.IsNotFound(err) {
			err = fs.ErrNotExist
		}
		if err != nil {
			return "", nil, &fs.PathError{Op: op, Path: name, Err: err}
		}
		if found.Stat.Mode&fs.ModeSymlink == 0 {
			return at, info{name: path.Base(name), stat: found.Stat}, nil
		}
		at = found.Stat.LinkTarget
	}
	return "", nil, &fs.PathError{Op: op, Path: name, Err: errors.New("too many symbolic links")}
}
