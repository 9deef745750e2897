package report

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProgress_plainLinesElsewhere(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	progress := NewProgress(&out, false, func() time.Time { return now })
	first := progress.Start("base: worker ready\x1b[2J")
	second := progress.Start("broker")
	now = now.Add(1500 * time.Millisecond)
	second()
	second()
	now = now.Add(65 * time.Second)
	first()
	left := progress.Start("never done")
	progress.Stop()
	progress.Stop()
	left()
	want := "  1.5 s  broker (1.5 s)\n1 m 07 s  base: worker ready\\x1b[2J (1 m 07 s)\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProgress_rewritesOneLineOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		progress := NewProgress(&out, true, time.Now)
		broker := progress.Start("broker")
		base := progress.Start("base worker")
		<-time.After(1050 * time.Millisecond)
		broker()
		<-time.After(1000 * time.Millisecond)
		base()
		progress.Stop()
		text := out.String()
		for _, want := range []string{
			"\r  broker …  1.0 s   base worker …  1.0 s\x1b[K",
			"\r\x1b[K  broker                          1.1 s\n",
			"\r\x1b[K  base worker                     2.0 s\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in %q", want, text)
			}
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(text, "\n", "\r"), "\r") {
			if columns(strings.ReplaceAll(line, "\x1b[K", "")) > defaultWidth-1 {
				t.Errorf("too wide: %q", line)
			}
		}
	})
}

func TestProgress_nilShowsNothing(_ *testing.T) {
	var progress *Progress
	progress.Start("broker")()
	progress.Stop()
}

func TestProgress_isSafeConcurrently(t *testing.T) {
	var out bytes.Buffer
	progress := NewProgress(&out, true, time.Now)
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() { progress.Start(fmt.Sprintf("phase %d", n))() })
	}
	group.Wait()
	progress.Stop()
	if lines := strings.Count(out.String(), "\n"); lines != 50 {
		t.Errorf("%d lines, want 50", lines)
	}
}
