package release

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the goldens")

// wantFile holds the golden inside an archive of testdata/findings.
const wantFile = "want"

func TestLoad_findings(t *testing.T) {
	archives, err := filepath.Glob("testdata/findings/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("find the archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".txtar"), "-", " "), func(t *testing.T) {
			testFindings(t, name)
		})
	}
}

func testFindings(t *testing.T, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files, want := unpack(archive)
	estate, err := Load(files, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	assertInside(t, files, estate)
	got := describe(estate)
	if *update {
		writeWant(t, name, archive, got)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings differ (-want +got):\n%s", diff)
	}
}

func unpack(archive *txtar.Archive) (files fstest.MapFS, want string) {
	files = fstest.MapFS{}
	for _, file := range archive.Files {
		if file.Name == wantFile {
			want = string(file.Data)
			continue
		}
		name, target, link := strings.Cut(file.Name, " -> ")
		files[name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
		if link {
			files[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		}
	}
	return files, want
}

func writeWant(t *testing.T, name string, archive *txtar.Archive, got string) {
	t.Helper()
	kept := archive.Files[:0]
	for _, file := range archive.Files {
		if file.Name != wantFile {
			kept = append(kept, file)
		}
	}
	archive.Files = append(kept, txtar.File{Name: wantFile, Data: []byte(got)})
	if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// describe prints an estate as a person reads it.
func describe(estate *Estate) string {
	var out strings.Builder
	for _, r := range estate.Releases {
		fmt.Fprintf(&out, "release %s of %s\n", r.Metadata.Name, r.File)
	}
	for _, name := range sortedKeys(estate.Runtimes) {
		fmt.Fprintf(&out, "runtime %s of %s\n", name, estate.Runtimes[name].File)
	}
	for _, f := range estate.Findings {
		fmt.Fprintf(&out, "%s: %s [%s]\n  %s for %q, %s\n", f.Position, f.Message, f.ID, f.Severity, f.Release, f.Layer)
		if f.Expected != "" || f.Found != "" {
			fmt.Fprintf(&out, "  expected %q, found %q\n", f.Expected, f.Found)
		}
		fmt.Fprintf(&out, "  fix: %s\n", f.Remedy)
	}
	for _, name := range estate.Unread {
		fmt.Fprintf(&out, "seen, not read: %s\n", name)
	}
	return out.String()
}

// assertInside checks that every finding stands in a file and is complete.
func assertInside(t *testing.T, files fs.FS, estate *Estate) {
	t.Helper()
	for _, f := range estate.Findings {
		if f.ID == "" || f.ControlPoint == "" || f.Layer == "" || f.Severity == "" || f.Message == "" || f.Remedy == "" {
			t.Errorf("the finding is not complete: %+v", f)
		}
		if f.Position.Line == 0 {
			continue
		}
		data, err := fs.ReadFile(files, f.Position.File)
		if err != nil {
			t.Errorf("read the file of a finding: %v", err)
		}
		lines := strings.Split(strings.TrimPrefix(string(data), "\uFEFF"), "\n")
		if f.Position.Line > len(lines) || f.Position.Column < 1 || f.Position.Column > len([]rune(lines[f.Position.Line-1]))+1 {
			t.Errorf("%s is outside the file: %s", f.Position, f.Message)
		}
	}
}
