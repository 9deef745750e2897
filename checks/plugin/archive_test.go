package plugin_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/policy/release"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// entry is one entry of an archive; links have a target as their content.
type entry struct {
	name    string
	content string
	mode    fs.FileMode // type bits
}

func gzipped(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

func tarGz(tb testing.TB, headers []tar.Header, content string) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, header := range headers {
		if err := w.WriteHeader(&header); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, content[:header.Size]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return gzipped(tb, buffer.Bytes())
}

func zipped(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		header.SetMode(e.mode | 0o644)
		body, err := w.CreateHeader(header)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(body, e.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// fetch takes content from a tree, as a file of that name.
func fetch(tb testing.TB, name string, content []byte) *plugin.Archive {
	tb.Helper()
	origin := plugin.Origin{Tree: fstest.MapFS{"plugins/" + name: {Data: content}}, Cache: tb.TempDir()}
	archive, err := origin.Fetch(tb.Context(), release.Plugin{Path: name, SHA256: digest(content)}, "plugins/"+name)
	if err != nil {
		tb.Fatal(err)
	}
	return archive
}

// listing is a tar stream in words, one entry a line.
func listing(t *testing.T, archive *plugin.Archive) []string {
	t.Helper()
	var stream bytes.Buffer
	if err := archive.Tar(&stream, "/connectgate/plugins"); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for r := tar.NewReader(&stream); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		line := header.FileInfo().Mode().String() + " " + strings.ReplaceAll(header.Name, archive.Folder(), "FOLDER")
		if header.Linkname != "" {
			line += " -> " + header.Linkname
		}
		if len(content) > 0 {
			line += " " + string(content)
		}
		lines = append(lines, line)
	}
}

func TestTarUnpacksEachFormatIntoItsOwnFolder(t *testing.T) {
	files := []tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "of git archive"}},
		{Typeflag: tar.TypeDir, Name: "./", Mode: 0o700},
		{Typeflag: tar.TypeDir, Name: "sink/", Mode: 0o700},
		{Typeflag: tar.TypeDir, Name: "sink/", Mode: 0o700},
		{Typeflag: tar.TypeReg, Name: "sink/lib/a.jar", Size: 3, Mode: 0o4755, Uid: 7},
		{Typeflag: tar.TypeSymlink, Name: "sink/lib/b.jar", Linkname: "../lib/a.jar"},
		{Typeflag: tar.TypeSymlink, Name: "sink/lib/c.jar", Linkname: "b.jar"},
	}
	unpacked := []string{
		"drwxr-xr-x connectgate/plugins/FOLDER/",
		"drwxr-xr-x connectgate/plugins/FOLDER/sink/",
		"drwxr-xr-x connectgate/plugins/FOLDER/sink/lib/",
		"-rw-r--r-- connectgate/plugins/FOLDER/sink/lib/a.jar jar",
		"Lrwxrwxrwx connectgate/plugins/FOLDER/sink/lib/b.jar -> ../lib/a.jar",
		"Lrwxrwxrwx connectgate/plugins/FOLDER/sink/lib/c.jar -> b.jar",
	}
	cases := []struct {
		name    string
		content []byte
		want    []string
	}{
		{"sink.tar.gz", tarGz(t, files, "jar"), unpacked},
		{"sink.tgz", tarGz(t, files, "jar"), unpacked},
		{
			"sink.zip",
			zipped(
				t, entry{name: "sink/", mode: fs.ModeDir}, entry{name: "sink/lib/a.jar", content: "jar"},
				entry{name: "sink/lib/b.jar", content: "../lib/a.jar", mode: fs.ModeSymlink}, entry{name: "sink/lib/c.jar", content: "b.jar", mode: fs.ModeSymlink},
			),
			unpacked,
		},
		{
			"hub layout.zip",
			zipped(t, entry{name: "manifest.json", content: "{}"}, entry{name: "lib/a.jar", content: "jar"}, entry{name: "doc/"}),
			[]string{
				"drwxr-xr-x connectgate/plugins/FOLDER/",
				"-rw-r--r-- connectgate/plugins/FOLDER/manifest.json {}",
				"drwxr-xr-x connectgate/plugins/FOLDER/lib/",
				"-rw-r--r-- connectgate/plugins/FOLDER/lib/a.jar jar",
				"drwxr-xr-x connectgate/plugins/FOLDER/doc/",
			},
		},
		{
			"smt.jar",
			[]byte("not unpacked"),
			[]string{"drwxr-xr-x connectgate/plugins/FOLDER/", "-rw-r--r-- connectgate/plugins/FOLDER/smt.jar not unpacked"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, listing(t, fetch(t, c.name, c.content))); diff != "" {
				t.Errorf("stream (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFolderIsUniqueToTheBytes(t *testing.T) {
	one, other := fetch(t, "a b/ü.tar.gz", []byte("1")), fetch(t, "a b/ü.tar.gz", []byte("2"))
	if one.Folder() != "_-6b86b273" || other.Folder() == one.Folder() {
		t.Errorf("folders are %s and %s", one.Folder(), other.Folder())
	}
}

func TestTarRefusesArchives(t *testing.T) {
	tarOf := func(headers ...tar.Header) []byte { return tarGz(t, headers, strings.Repeat("x", 1024)) }
	link := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
	}
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 1} }
	corrupt := zipped(t, entry{name: "a", content: "corrupt me, please"})
	copy(corrupt[35:], "XXXX")
	truncated := tarOf(file("a"), tar.Header{Typeflag: tar.TypeReg, Name: "b", Size: 1024})
	var headersOnly bytes.Buffer
	huge := tar.NewWriter(&headersOnly)
	if err := huge.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "huge", Size: 2 << 30}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, file string
		content    []byte
	}{
		{"an unknown format", "a.rar", nil},
		{"no gzip", "a.tgz", []byte("text")},
		{"no zip", "a.zip", []byte("text")},
		{"no tar", "a.tgz", gzipped(t, bytes.Repeat([]byte("x"), 1024))},
		{"a truncated tar", "a.tgz", gzipped(t, gunzip(t, truncated)[:1024+600])},
		{"a corrupt zip entry", "a.zip", corrupt},
		{"path traversal", "a.tgz", tarOf(file("../../etc/passwd"))},
		{"path traversal in the middle", "a.zip", zipped(t, entry{name: "a/../b"})},
		{"an absolute path", "a.zip", zipped(t, entry{name: "/etc/passwd"})},
		{"a folder outside", "a.tgz", tarOf(tar.Header{Typeflag: tar.TypeDir, Name: "../x/"})},
		{"a folder outside in a zip", "a.zip", zipped(t, entry{name: "../x/", mode: fs.ModeDir})},
		{"a backslash", "a.zip", zipped(t, entry{name: `a\..\b`})},
		{"control characters", "a.zip", zipped(t, entry{name: "a\x1b[31m"})},
		{"an empty name", "a.zip", zipped(t, entry{name: ""})},
		{"a name of 2,000 bytes", "a.zip", zipped(t, entry{name: strings.Repeat("n", 2000)})},
		{"a file that appears twice", "a.tgz", tarOf(file("a"), file("./a"))},
		{"a file instead of the folder", "a.tgz", tarOf(file("."))},
		{"a folder that is a file too", "a.tgz", tarOf(file("a"), file("a/b"))},
		{"a file below a link", "a.tgz", tarOf(link("a", "b"), file("a/c"))},
		{"a link out", "a.tgz", tarOf(link("d/a", "../../x"))},
		{"an absolute link", "a.zip", zipped(t, entry{name: "a", content: "/etc", mode: fs.ModeSymlink})},
		{"an empty link", "a.zip", zipped(t, entry{name: "a", mode: fs.ModeSymlink})},
		{"a link outside", "a.tgz", tarOf(link("../a", "b"))},
		{"a link twice", "a.tgz", tarOf(link("a", "b"), link("a", "c"))},
		{"a link through a link", "a.tgz", tarOf(link("d/e/up", "../.."), link("x", "d/e/up/../../../y"))},
		{"a link through a later link", "a.tgz", tarOf(link("x", "d/up/y"), link("d/up", ".."))},
		{"a hard link", "a.tgz", tarOf(tar.Header{Typeflag: tar.TypeLink, Name: "a", Linkname: "b"})},
		{"a device", "a.tgz", tarOf(tar.Header{Typeflag: tar.TypeChar, Name: "null"})},
		{"a pipe in a zip", "a.zip", zipped(t, entry{name: "pipe", mode: fs.ModeNamedPipe})},
		{"more than 1 GiB by its header", "a.tgz", gzipped(t, headersOnly.Bytes())},
		{"a bomb", "a.zip", zipped(t, entry{name: "zeros", content: strings.Repeat("\x00", 20<<20)})},
	}
	var text strings.Builder
	for _, c := range cases {
		err := fetch(t, c.file, c.content).Tar(io.Discard, "/plugins")
		var refused *plugin.ArchiveError
		if !errors.As(err, &refused) {
			t.Errorf("%s: error is %v, want an *ArchiveError", c.name, err)
			continue
		}
		text.WriteString(c.name + "\n    " + refused.Error() + "\n")
	}
	golden(t, "archive-errors.txt", text.String())
}

func gunzip(tb testing.TB, content []byte) []byte {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		tb.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return plain
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	at := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(at, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", at, diff)
	}
}

func TestTarCountsEntries(t *testing.T) {
	entries := make([]entry, 100_001)
	for i := range entries {
		entries[i].name = "d/" + hex.EncodeToString([]byte{byte(i >> 16), byte(i >> 8), byte(i)})
	}
	err := fetch(t, "many.zip", zipped(t, entries...)).Tar(io.Discard, "/plugins")
	var refused *plugin.ArchiveError
	if !errors.As(err, &refused) || !strings.Contains(refused.Msg, "one too many") {
		t.Errorf("error is %v", err)
	}
}

func TestTarEndsHeadersThatGoOn(t *testing.T) {
	var one bytes.Buffer
	header := tar.NewWriter(&one)
	if err := errors.Join(header.WriteHeader(&tar.Header{
		Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": strings.Repeat("x", 1<<20-100)},
	}), header.Flush()); err != nil {
		t.Fatal(err)
	}
	err := fetch(t, "headers.tgz", gzipped(t, bytes.Repeat(one.Bytes(), 17))).Tar(io.Discard, "/plugins")
	var refused *plugin.ArchiveError
	if !errors.As(err, &refused) || !strings.HasSuffix(refused.Msg, "it unpacks to far more than its size") {
		t.Errorf("error is %v", err)
	}
}

// full is a stream that takes so many writes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestTarTellsAStreamThatEndsFromABadArchive(t *testing.T) {
	archive := fetch(t, "a.zip", zipped(t, entry{name: "d/a", content: "x"}, entry{name: "l", content: "d/a", mode: fs.ModeSymlink}))
	for left := 0; ; left++ {
		err := archive.Tar(&full{left}, "/plugins")
		if err == nil {
			return
		}
		var refused *plugin.ArchiveError
		if errors.As(err, &refused) || !errors.Is(err, io.ErrClosedPipe) {
			t.Fatalf("after %d writes the error is %v", left, err)
		}
	}
}

func FuzzTar(f *testing.F) {
	f.Add(false, zipped(f, entry{name: "a/b", content: "x"}, entry{name: "l", content: "a/b", mode: fs.ModeSymlink}))
	f.Add(true, gunzip(f, tarGz(f, []tar.Header{{Typeflag: tar.TypeReg, Name: "a", Size: 1}, {Typeflag: tar.TypeSymlink, Name: "l", Linkname: "a"}}, "x")))
	f.Fuzz(func(t *testing.T, isTar bool, content []byte) {
		name := "a.zip"
		if isTar {
			name, content = "a.tgz", gzipped(t, content)
		}
		archive := fetch(t, name, content)
		var stream bytes.Buffer
		err := archive.Tar(&stream, "/p")
		if err == nil {
			stays(t, &stream, "p/"+archive.Folder()+"/")
		} else if _, ok := errors.AsType[*plugin.ArchiveError](err); !ok {
			t.Errorf("error is %v, want an *ArchiveError", err)
		}
	})
}

// stays checks that a stream can be read and that nothing in it is outside of a folder.
func stays(t *testing.T, stream io.Reader, folder string) {
	t.Helper()
	for r := tar.NewReader(stream); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(path.Clean(header.Name)+"/", folder) {
			t.Errorf("%q leaves the folder", header.Name)
		}
	}
}

// BenchmarkFetchAndTar measures a plugin of 40 jars and 32 MiB from the local
// repository: found, verified, unpacked.
func BenchmarkFetchAndTar(b *testing.B) {
	content := make([]byte, 32<<20)
	_, _ = rand.Read(content)
	var headers []tar.Header
	for i := range 40 {
		headers = append(headers, tar.Header{Typeflag: tar.TypeReg, Name: "sink/" + hex.EncodeToString([]byte{byte(i)}) + ".jar", Size: int64(len(content) / 40)})
	}
	archived := tarGz(b, headers, string(content))
	origin := plugin.Origin{Local: b.TempDir()}
	at := filepath.Join(origin.Local, "org", "acme", "sink", "1")
	if err := os.MkdirAll(at, 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "sink-1.tgz"), archived, 0o600); err != nil {
		b.Fatal(err)
	}
	declared := release.Plugin{Maven: "org.acme:sink:1@tgz", SHA256: digest(archived)}
	b.SetBytes(int64(len(archived)))
	for b.Loop() {
		archive, err := origin.Fetch(b.Context(), declared, "")
		if err != nil {
			b.Fatal(err)
		}
		if err := archive.Tar(io.Discard, "/plugins"); err != nil {
			b.Fatal(err)
		}
	}
}
