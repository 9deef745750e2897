package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/connectgate/connectgate/policy/scorecard"
)

var update = flag.Bool("update", false, "write the golden files")

// cards are what every format must write.
func cards() map[string]scorecard.Card {
	return map[string]scorecard.Card{
		"blocked": blockedCard(), "passed": passedCard(), "incomplete": incompleteCard(), "broken": brokenCard(),
		"untouched": untouchedCard(), "hostile": hostileCard(), "many": manyCard(), "zero": {},
	}
}

func format(t *testing.T, name string) Format {
	t.Helper()
	for _, candidate := range Formats() {
		if candidate.Name == name {
			return candidate
		}
	}
	t.Fatalf("there is no format %s", name)
	return Format{}
}

func written(t *testing.T, name string, card scorecard.Card, options Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := format(t, name).Write(&out, card, options); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFormats_goldens(t *testing.T) {
	tests := []struct {
		golden, format string
		card           scorecard.Card
		options        Options
	}{
		{"blocked.txt", "terminal", blockedCard(), Options{Width: 100}},
		{"blocked_narrow.txt", "terminal", blockedCard(), Options{Width: 40}},
		{"blocked_color.txt", "terminal", blockedCard(), Options{Color: true}},
		{"passed.txt", "terminal", passedCard(), Options{}},
		{"incomplete.txt", "terminal", incompleteCard(), Options{}},
		{"broken.txt", "terminal", brokenCard(), Options{}},
		{"untouched.txt", "terminal", untouchedCard(), Options{}},
		{"hostile.txt", "terminal", hostileCard(), Options{}},
		{"blocked.md", "markdown", blockedCard(), Options{}},
		{"passed.md", "markdown", passedCard(), Options{}},
		{"incomplete.md", "markdown", incompleteCard(), Options{}},
		{"broken.md", "markdown", brokenCard(), Options{}},
		{"untouched.md", "markdown", untouchedCard(), Options{}},
		{"hostile.md", "markdown", hostileCard(), Options{}},
		{"many.md", "markdown", manyCard(), Options{Limit: 6000}},
		{"blocked.json", "json", blockedCard(), Options{}},
		{"untouched.json", "json", untouchedCard(), Options{}},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			golden(t, test.golden, written(t, test.format, test.card, test.options))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestFormats_failToWriteWhenTheWriterFails(t *testing.T) {
	for _, format := range Formats() {
		if err := format.Write(brokenWriter{}, blockedCard(), Options{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v, want the writer's error", format.Name, err)
		}
	}
}

var errBroken = errors.New("broken pipe")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestTerminal_linesFitAnyWidth(t *testing.T) {
	for name, card := range cards() {
		for _, width := range []int{1, 40, 41, 60, 71, 72, 80, 100, 200} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				for line := range strings.Lines(written(t, "terminal", card, Options{Width: width})) {
					checkLine(t, strings.TrimSuffix(line, "\n"), max(width, minWidth), name != "untouched")
				}
			})
		}
	}
}

func checkLine(t *testing.T, line string, width int, fits bool) {
	t.Helper()
	if fits && columns(line) > width+len(`\x3a`) {
		t.Errorf("line of %d columns: %q", columns(line), line)
	}
	if strings.TrimRight(line, " ") != line {
		t.Errorf("blanks at the end: %q", line)
	}
	if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
		t.Errorf("a runner would obey %q", line)
	}
	for _, r := range line {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			t.Errorf("%q stays in %q", r, line)
		}
	}
}

func TestTerminal_colorsOnlyWhenAllowed(t *testing.T) {
	stripped := written(t, "terminal", blockedCard(), Options{Color: true})
	for _, s := range []style{bold, dim, red, green, yellow, plain} {
		stripped = strings.ReplaceAll(stripped, fmt.Sprintf("\x1b[%dm", s), "")
	}
	if diff := cmp.Diff(written(t, "terminal", blockedCard(), Options{}), stripped); diff != "" {
		t.Errorf("colour changes more than colour (-without +with):\n%s", diff)
	}
}

func TestWindow_keepsTheCaretBelowItsColumn(t *testing.T) {
	tests := []struct {
		name, source string
		column, room int
		text         string
		caret        int
	}{
		{"a short line", "name: x", 7, 40, "name: x", 6},
		{"tabs become blanks", "\tname: x", 2, 40, "    name: x", 4},
		{"a tab in the middle goes to the next stop", "ab\tc", 4, 40, "ab  c", 4},
		{"wide runes take two columns", "日本: x", 5, 40, "日本: x", 6},
		{"combining marks take none", "e\u0301: x", 4, 40, "e\u0301: x", 2},
		{"escapes take their width", "a\x1b[0m", 3, 40, `a\x1b[0m`, 5},
		{"a column behind the end", "ab", 9, 40, "ab", 2},
		{"no column", "ab", 0, 40, "ab", 0},
		{"a long line is cut at the right", strings.Repeat("a", 30), 2, 10, strings.Repeat("a", 9) + "…", 1},
		{"a column far right is shown", strings.Repeat("a", 30) + "b", 31, 10, "…aaaaab", 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, caret := window(test.source, test.column, test.room)
			if text != test.text || caret != test.caret {
				t.Errorf("got %q, %d; want %q, %d", text, caret, test.text, test.caret)
			}
		})
	}
}

func TestMarkdown_staysWithinItsLimit(t *testing.T) {
	for name, card := range cards() {
		for _, limit := range []int{0, 1, 1024, 3000, 20_000, 1 << 20} {
			t.Run(fmt.Sprintf("%s in %d", name, limit), func(t *testing.T) {
				checkMarkdown(t, written(t, "markdown", card, Options{Limit: limit}), limit)
			})
		}
	}
}

func checkMarkdown(t *testing.T, text string, limit int) {
	t.Helper()
	most := max(limit, minLimit)
	if limit == 0 {
		most = commentLimit
	}
	if len(text) > most || !utf8.ValidString(text) {
		t.Errorf("%d bytes, limit %d", len(text), most)
	}
	outside := withoutCode(text)
	if strings.Count(outside, "<details>") != strings.Count(outside, "</details>") {
		t.Error("a fold is not closed")
	}
	checkTables(t, text)
}

// checkTables sees that every row of a table has the cells of its heading.
func checkTables(t *testing.T, text string) {
	t.Helper()
	cells := 0
	for line := range strings.Lines(text) {
		switch {
		case !strings.HasPrefix(line, "|"):
			cells = 0
		case cells == 0:
			cells = strings.Count(line, "|")
		case strings.Count(line, "|") != cells:
			t.Errorf("row of %d bars in a table of %d: %s", strings.Count(line, "|"), cells, line)
		}
	}
}

func TestMarkdown_keepsFailuresLongest(t *testing.T) {
	text := written(t, "markdown", manyCard(), Options{Limit: 20_000})
	if !strings.Contains(text, "the new version deletes rows") || !strings.Contains(text, "Cut to fit: ") {
		t.Error("failing findings come first, and what was cut is said")
	}
	if strings.Contains(text, "<details><summary>changes") {
		t.Error("changes were kept although findings were cut")
	}
}

func TestMarkdown_disarmsUntrustedText(t *testing.T) {
	text := written(t, "markdown", hostileCard(), Options{})
	for _, bad := range []string{"<script", "![img]", "link](", "(https://", "\x1b", "\u202e", "##[", "\n::", " @acme/everyone", " #1 "} {
		if at := strings.Index(withoutCode(text), bad); at >= 0 {
			t.Errorf("%q stays: %q", bad, withoutCode(text)[max(0, at-40):at+40])
		}
	}
}

// withoutCode drops fenced blocks, where nothing is active but the runner's commands.
func withoutCode(text string) string {
	var b strings.Builder
	inside := ""
	for line := range strings.Lines(text) {
		mark := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "text")
		switch {
		case inside == "" && strings.HasPrefix(line, "```"):
			inside = mark
		case inside != "" && mark == inside:
			inside = ""
		case inside == "":
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestJSON_matchesItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("schema/report.v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, card := range cards() {
		if name == "zero" {
			continue // decides nothing, and is never written
		}
		t.Run(name, func(t *testing.T) {
			text := written(t, "json", card, Options{})
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Error(err)
			}
			if strings.Contains(text, "##[") {
				t.Error("a runner would obey ##[")
			}
		})
	}
}

func TestReadJSON_readsWhatWasWritten(t *testing.T) {
	for name, card := range cards() {
		t.Run(name, func(t *testing.T) {
			text := written(t, "json", card, Options{})
			read, err := ReadJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text, written(t, "json", read, Options{})); diff != "" {
				t.Errorf("(-first +second):\n%s", diff)
			}
		})
	}
}

func TestReadJSON_refuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"another schema":    {`{"schema":"connectgate/report/v9"}`, "this version reads"},
		"an unknown status": {`{"schema":"connectgate/report/v1","releases":[{"rows":[{"status":"fine"}]}]}`, "unknown status"},
		"no JSON":           {`verdict: passed`, "read JSON report"},
		"trailing content":  {`{"schema":"connectgate/report/v1"} {}`, "read JSON report"},
		"too much":          {strings.Repeat(" ", maxReport+1), "larger than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadJSON(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := ReadJSON(brokenReader{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }
