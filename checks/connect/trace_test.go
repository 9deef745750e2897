package connect_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each trace in testdata has a golden: its cause, and below it the trace in 6 lines.
func TestTraces(t *testing.T) {
	traces, err := filepath.Glob("testdata/*.trace")
	expect(t, err, "")
	for _, file := range traces {
		t.Run(strings.ReplaceAll(filepath.Base(file), "-", " "), func(t *testing.T) {
			trace, err := os.ReadFile(file)
			expect(t, err, "")
			got := connect.Cause(string(trace)) + "\n\n" + strings.Join(connect.Shorten(string(trace), 6), "\n") + "\n"
			golden := strings.TrimSuffix(file, ".trace") + ".golden"
			if *update {
				expect(t, os.WriteFile(golden, []byte(got), 0o600), "")
			}
			want, err := os.ReadFile(golden)
			expect(t, err, "")
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCause(t *testing.T) {
	tests := map[string]struct{ trace, want string }{
		"no trace has no cause":                       {"", ""},
		"a trace without causes has its first line":   {"java.lang.Boom: x\n\tat a.B.c(B.java:1)\n", "java.lang.Boom: x"},
		"a message of several lines becomes one":      {"a.B: x\r\n  Detail: y\n\tat a.B.c(B.java:1)\n", "a.B: x Detail: y"},
		"control characters are escaped":              {"a.B: \x1b[2J\x00\u202e", `a.B: \x1b[2J\x00\u202e`},
		"invalid UTF-8 becomes the replacement":       {"a.B: \xff", "a.B: \ufffd"},
		"a suppressed exception's cause is not taken": {"a.B: x\n\tat a.B.c(B.java:1)\n\tSuppressed: c.D: y\n\t\tat e\n\tCaused by: f.G: z\n", "a.B: x"},
		"a long cause is cut":                         {"a.B: " + strings.Repeat("é", 400), "a.B: " + strings.Repeat("é", 294) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := connect.Cause(test.trace); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	trace := "a: 1\n\tat x\nCaused by: b: 2\n\t... 3 more\nCaused by: c: 3\nCaused by: d: 4\n\n"
	tests := map[string]struct {
		lines int
		want  []string
	}{
		"all lines fit":                             {4, []string{"a: 1", "Caused by: b: 2", "Caused by: c: 3", "Caused by: d: 4"}},
		"the first and the innermost stay":          {3, []string{"a: 1", "... 2 more lines", "Caused by: d: 4"}},
		"there are always three lines where needed": {0, []string{"a: 1", "... 2 more lines", "Caused by: d: 4"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, connect.Shorten(trace, test.lines)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzCause(f *testing.F) {
	f.Add("a.B: x\n\tat a.B.c(B.java:1)\nCaused by: c.D: y\n  Detail: z\n\t... 3 more\n")
	f.Add("\xff\x00\u2028Caused by: ")
	f.Fuzz(func(t *testing.T, trace string) {
		for _, line := range append(connect.Shorten(trace, 5), connect.Cause(trace)) {
			if !utf8.ValidString(line) || utf8.RuneCountInString(line) > 300 {
				t.Errorf("%q is too long or no UTF-8", line)
			}
			if at := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
				t.Errorf("%q does not print at %d", line, at)
			}
		}
		if lines := connect.Shorten(trace, 5); len(lines) > 5 {
			t.Errorf("%d lines", len(lines))
		}
	})
}
