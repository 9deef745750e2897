package plugin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/policy/release"
)

const (
	coordinates = "org.acme:sink:1.0:plugin@tar.gz"
	below       = "/org/acme/sink/1.0/sink-1.0-plugin.tar.gz"
)

// repository serves files by path and notes who asked for what.
type repository struct {
	*httptest.Server
	asked []string
}

func serve(t *testing.T, files map[string]string) *repository {
	t.Helper()
	r := &repository{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked = append(r.asked, request.URL.Path)
		content, found := files[request.URL.Path]
		switch {
		case request.Header.Get("Accept-Encoding") != "identity":
			http.Error(w, "asks for another encoding", http.StatusTeapot)
		case !found:
			http.NotFound(w, request)
		case strings.HasPrefix(content, "http"), strings.HasPrefix(content, "/"):
			http.Redirect(w, request, content, http.StatusFound)
		case content == "":
			w.WriteHeader(http.StatusBadGateway)
		case content == "cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, content)
		default:
			_, _ = io.WriteString(w, content)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *repository) host() string { return strings.TrimPrefix(r.URL, "http://") }

// holding serves the artifact of coordinates below /maven.
func holding(t *testing.T) *repository {
	t.Helper()
	return serve(t, map[string]string{"/maven" + below: "bytes"})
}

func TestFetchPrefersTheLocalRepository(t *testing.T) {
	local, remote, sum := t.TempDir(), holding(t), digest([]byte("bytes"))
	at := filepath.Join(local, filepath.FromSlash(below))
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte("bytes"), 0o600)); err != nil {
		t.Fatal(err)
	}
	origin := plugin.Origin{Local: local, Repositories: []string{remote.URL}}
	got, err := origin.Fetch(t.Context(), release.Plugin{Maven: coordinates, SHA256: sum}, "")
	if err != nil || got.Name != coordinates || got.File != "sink-1.0-plugin.tar.gz" || got.Digest != "sha256:"+sum || len(remote.asked) != 0 {
		t.Errorf("archive is %+v (%v), remote was asked %v", got, err, remote.asked)
	}
}

func TestFetchAsksRepositoriesInTheirOrder(t *testing.T) {
	empty, remote := serve(t, nil), holding(t)
	origin := plugin.Origin{Local: t.TempDir(), Cache: t.TempDir(), Repositories: []string{empty.URL, remote.URL + "/maven/"}}
	got, err := origin.Fetch(t.Context(), release.Plugin{Maven: coordinates}, "")
	if err != nil || got.Digest != "sha256:"+digest([]byte("bytes")) {
		t.Errorf("archive is %+v (%v)", got, err)
	}
	if diff := cmp.Diff([]string{below}, empty.asked); diff != "" {
		t.Errorf("the first was asked (-want +got):\n%s", diff)
	}
}

func TestFetchAsksANamedRepositoryAlone(t *testing.T) {
	other, remote := holding(t), holding(t)
	origin := plugin.Origin{Cache: t.TempDir(), Repositories: []string{other.URL + "/maven", remote.URL + "/maven"}}
	_, err := origin.Fetch(t.Context(), release.Plugin{Maven: coordinates, Repository: remote.URL + "/maven/"}, "")
	if err != nil || len(other.asked) != 0 {
		t.Errorf("error is %v, the other was asked %v", err, other.asked)
	}
}

func TestFetchAsksOnceForAKnownChecksumWhileTheCacheIsSound(t *testing.T) {
	remote, sum := holding(t), digest([]byte("bytes"))
	origin := plugin.Origin{Cache: filepath.Join(t.TempDir(), "new"), Repositories: []string{remote.URL + "/maven"}}
	again := func(asked int) {
		t.Helper()
		if _, err := origin.Fetch(t.Context(), release.Plugin{Maven: coordinates, SHA256: sum}, ""); err != nil || len(remote.asked) != asked {
			t.Errorf("error is %v, asked %v", err, remote.asked)
		}
	}
	again(1)
	again(1)
	if err := os.WriteFile(filepath.Join(origin.Cache, sum), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	again(2)
}

func TestFetchTakesAJarUnlessAnotherExtensionIsNamed(t *testing.T) {
	remote := serve(t, map[string]string{"/a/b/1/b-1.jar": "jar"})
	got, err := plugin.Origin{Cache: t.TempDir(), Repositories: []string{remote.URL}}.Fetch(t.Context(), release.Plugin{Maven: "a:b:1"}, "")
	if err != nil || got.File != "b-1.jar" {
		t.Errorf("archive is %+v (%v)", got, err)
	}
}

func TestFetchFollowsRedirectsToAllowedHosts(t *testing.T) {
	remote := holding(t)
	first := serve(t, map[string]string{below: remote.URL + "/maven" + below})
	origin := plugin.Origin{Cache: t.TempDir(), Repositories: []string{first.URL}, Hosts: []string{remote.host()}, Client: &http.Client{}}
	if _, err := origin.Fetch(t.Context(), release.Plugin{Maven: coordinates}, ""); err != nil {
		t.Error(err)
	}
}

func TestFetchTakesURLs(t *testing.T) {
	remote := serve(t, map[string]string{"/d/sink.zip": "bytes"})
	origin := plugin.Origin{Cache: t.TempDir(), Hosts: []string{remote.host()}}
	got, err := origin.Fetch(t.Context(), release.Plugin{URL: remote.URL + "/d/sink.zip?token=secret#x"}, "")
	if err != nil || got.Name != remote.URL+"/d/sink.zip" || got.File != "sink.zip" {
		t.Errorf("archive is %+v (%v)", got, err)
	}
}

// TestFetchSaysWhatIsWrong keeps messages and their kind in one golden.
func TestFetchSaysWhatIsWrong(t *testing.T) {
	remote := serve(t, map[string]string{
		"/d/sink.zip": "bytes", "/away.zip": "http://elsewhere.example/x?token=secret", "/broken.zip": "", "/cut.zip": "cut",
		"/broken" + below: "", "/loop.zip": "/loop.zip",
	})
	closed := httptest.NewServer(nil)
	closed.Close()
	local, cache := t.TempDir(), t.TempDir()
	origin := plugin.Origin{
		Tree:         fstest.MapFS{"r/sink.zip": {Data: []byte("bytes")}, "r/folder/x": {}},
		Local:        local,
		Cache:        cache,
		Repositories: []string{remote.URL + "/maven", withUser(remote.host()) + "/private"},
		Hosts:        []string{remote.host(), strings.TrimPrefix(closed.URL, "http://"), "files.example"},
	}
	broken := origin
	broken.Repositories = []string{remote.URL + "/broken", remote.URL + "/maven"}
	zeros := strings.Repeat("0", 64)
	cases := []struct {
		name   string
		origin plugin.Origin
		plugin release.Plugin
		at     string
	}{
		{"nothing named", origin, release.Plugin{}, ""},
		{"coordinates without a version", origin, release.Plugin{Maven: "a:b"}, ""},
		{"coordinates with a path", origin, release.Plugin{Maven: "a:../../b:1"}, ""},
		{"coordinates with dots", origin, release.Plugin{Maven: "a..b:c:1"}, ""},
		{"in no repository", origin, release.Plugin{Maven: coordinates}, ""},
		{"a repository that is not allowed", origin, release.Plugin{Maven: coordinates, Repository: withUser("other.example") + "/maven?token=secret"}, ""},
		{"a repository that is broken", broken, release.Plugin{Maven: coordinates}, ""},
		{"a host that is not allowed", origin, release.Plugin{URL: "https://other.example/sink.zip?token=secret"}, ""},
		{"another port of an allowed host", origin, release.Plugin{URL: "https://files.example:8443/sink.zip"}, ""},
		{"a URL with credentials", origin, release.Plugin{URL: withUser("files.example") + "/sink.zip"}, ""},
		{"a file URL", origin, release.Plugin{URL: "file:///etc/passwd"}, ""},
		{"no URL", origin, release.Plugin{URL: "http://a b/%zz"}, ""},
		{"a URL with nothing behind it", origin, release.Plugin{URL: remote.URL + "/gone.zip"}, ""},
		{"a redirect elsewhere", origin, release.Plugin{URL: remote.URL + "/away.zip"}, ""},
		{"a redirect to itself", origin, release.Plugin{URL: remote.URL + "/loop.zip"}, ""},
		{"a host that is broken", origin, release.Plugin{URL: remote.URL + "/broken.zip?token=secret"}, ""},
		{"a download that is cut", origin, release.Plugin{URL: remote.URL + "/cut.zip?token=secret"}, ""},
		{"a host that does not answer", origin, release.Plugin{URL: closed.URL + "/sink.zip?token=secret"}, ""},
		{"other bytes at a URL", origin, release.Plugin{URL: remote.URL + "/d/sink.zip?token=secret", SHA256: zeros}, ""},
		{"other bytes in the tree", origin, release.Plugin{Path: "sink.zip", SHA256: zeros}, "r/sink.zip"},
		{"nothing in the tree", origin, release.Plugin{Path: "gone.zip"}, "r/gone.zip"},
		{"a folder in the tree", origin, release.Plugin{Path: "folder"}, "r/folder"},
		{"a path that is none", origin, release.Plugin{Path: "x"}, "/x"},
		{"no cache", plugin.Origin{Tree: origin.Tree}, release.Plugin{Path: "sink.zip"}, "r/sink.zip"},
	}
	var text strings.Builder
	for _, c := range cases {
		_, err := c.origin.Fetch(t.Context(), c.plugin, c.at)
		if err == nil {
			t.Fatalf("%s: no error", c.name)
		}
		message := strings.NewReplacer(remote.host(), "REMOTE", strings.TrimPrefix(closed.URL, "http://"), "CLOSED", local, "LOCAL").Replace(err.Error())
		if strings.Contains(message, "secret") {
			t.Errorf("%s: a secret is in %s", c.name, message)
		}
		text.WriteString(c.name + "\n    " + kind(err) + ": " + message + "\n")
	}
	golden(t, "fetch-errors.txt", text.String())
	kept, err := os.ReadDir(cache)
	if err != nil || len(kept) != 0 {
		t.Errorf("the cache keeps %v (%v)", kept, err)
	}
}

// withUser is an address with credentials, which no message may show.
func withUser(host string) string {
	return (&url.URL{Scheme: "http", User: url.UserPassword("user", "secret"), Host: host}).String()
}

// kind is the type that callers branch on; anything else is no finding.
func kind(err error) string {
	var missing *plugin.MissingError
	var refused *plugin.RefusedError
	var checksum *plugin.ChecksumError
	var archive *plugin.ArchiveError
	switch {
	case errors.As(err, &missing):
		return "MissingError"
	case errors.As(err, &refused):
		return "RefusedError"
	case errors.As(err, &checksum):
		return "ChecksumError"
	case errors.As(err, &archive):
		return "ArchiveError"
	}
	return "error"
}

func TestFetchStaysWithHTTPS(t *testing.T) {
	plain := serve(t, map[string]string{"/sink.zip": "bytes"})
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/sink.zip", http.StatusFound))
	t.Cleanup(secure.Close)
	origin := plugin.Origin{Cache: t.TempDir(), Hosts: []string{plain.host(), strings.TrimPrefix(secure.URL, "https://")}, Client: secure.Client()}
	_, err := origin.Fetch(t.Context(), release.Plugin{URL: secure.URL + "/sink.zip"}, "")
	if kind(err) != "RefusedError" || !strings.HasSuffix(err.Error(), "it redirects from https to http; use a server that stays with https") {
		t.Errorf("error is %v", err)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		select {
		case <-request.Context().Done():
		case <-stop:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	origin := plugin.Origin{Cache: t.TempDir(), Repositories: []string{server.URL}}
	_, err := origin.Fetch(ctx, release.Plugin{Maven: coordinates}, "")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}
