//go:build engine

package stack

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/client"
)

// connected is an engine; a test without one fails.
func connected(t *testing.T) *Engine {
	t.Helper()
	engine, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// loopback is a registry in this process, which engines on this machine trust.
type loopback struct {
	t      *testing.T
	engine *Engine
	host   string
	stop   func()
}

func newLoopback(t *testing.T, engine *Engine) loopback {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo))))
	t.Cleanup(server.Close)
	return loopback{t: t, engine: engine, host: strings.TrimPrefix(server.URL, "http://"), stop: server.Close}
}

// push stores an image under name:tag and returns its digest. The engine's copy
// is removed at the end of the test, so push before anything runs.
func (l loopback) push(repository string, image v1.Image) (digest string) {
	l.t.Helper()
	reference, err := name.ParseReference(l.host+"/"+repository, name.Insecure)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := remote.Write(reference, image, remote.WithContext(l.t.Context())); err != nil {
		l.t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { removeImage(l.t, l.engine, image) })
	return hash.String()
}

func removeImage(t *testing.T, engine *Engine, image v1.Image) {
	t.Helper()
	id, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	_, err = engine.client.ImageRemove(ctx, id.String(), client.ImageRemoveOptions{Force: true, PruneChildren: true})
	if err != nil && !errdefs.IsNotFound(err) { // one that was never pulled
		t.Error(err)
	}
}

// entry is a file, a folder (mode with 'd') or a link of an image.
type entry struct {
	path, content, link string
	folder              bool
}

// imageOf is a one-layer image. The label makes its bytes differ.
func imageOf(t *testing.T, label string, entries []entry, command ...string) v1.Image {
	t.Helper()
	packed := pack(t, entries)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", RootFS: rootFS(t, image),
		Config: v1.Config{
			Entrypoint: command, Env: []string{"FROM_IMAGE=yes"}, Labels: map[string]string{"test": label},
			ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Volumes: map[string]struct{}{"/data": {}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func rootFS(t *testing.T, image v1.Image) v1.RootFS {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.RootFS
}

func pack(t *testing.T, entries []entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, e := range entries {
		header := &tar.Header{Name: e.path, Mode: 0o755, Size: int64(len(e.content)), ModTime: time.Unix(1, 0)}
		switch {
		case e.folder:
			header.Typeflag = tar.TypeDir
		case e.link != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// probe is an image of testdata/probe that the engine has resolved.
func probe(t *testing.T, engine *Engine) Image {
	t.Helper()
	if pinned := os.Getenv(givenProbe); pinned != "" {
		if engine.self == "" {
			t.Fatal("the container that this test runs in was not found")
		}
		return Image{Reference: pinned, Pinned: pinned}
	}
	binary, err := compiled(t, "build", "./testdata/probe")
	if err != nil {
		t.Fatal(err)
	}
	at := newLoopback(t, engine)
	digest := at.push("probe:1", imageOf(t, t.Name(), []entry{{path: "probe", content: string(binary)}, {path: "tmp", folder: true}}, "/probe"))
	image, err := engine.Resolve(t.Context(), at.host+"/probe@"+digest)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// givenProbe is the probe's image for tests that run where no compiler is.
const givenProbe = "CONNECTGATE_TEST_PROBE"

// compiled is a static program.
func compiled(t *testing.T, command ...string) ([]byte, error) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", slices.Insert(command, 1, "-ldflags=-s -w", "-o", output)...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(output)
}

// started is a stack that is closed at the end of the test.
func started(t *testing.T, engine *Engine, spec Spec) *Stack {
	t.Helper()
	if spec.Run == "" {
		spec.Run = t.Name()
	}
	s, err := engine.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// nothingLeft fails where the engine holds something of a run.
func nothingLeft(t *testing.T, engine *Engine, run string) {
	t.Helper()
	if diff := cmp.Diff([]string{}, held(t, engine, run)); diff != "" {
		t.Errorf("the engine still holds (-want +got):\n%s", diff)
	}
}

func held(t *testing.T, engine *Engine, run string) []string {
	t.Helper()
	ids := []string{}
	filter := make(client.Filters).Add("label", runLabel+"="+run)
	for _, list := range []func(context.Context, client.Filters) ([]found, error){engine.containers, engine.networks, engine.volumes} {
		items, err := list(context.WithoutCancel(t.Context()), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			ids = append(ids, item.id)
		}
	}
	return ids
}
