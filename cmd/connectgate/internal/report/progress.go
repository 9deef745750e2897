package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows the phases of a run while they last. It is safe for concurrent
// use, and a nil *Progress shows nothing.
type Progress struct {
	mutex   sync.Mutex
	w       io.Writer
	live    bool
	width   int
	clock   func() time.Time
	begun   time.Time
	running []*phase
	shown   bool // a live line stands on the terminal
	stop    chan struct{}
	ended   chan struct{}
}

type phase struct {
	name  string
	begun time.Time
}

// refresh is how often the live line is rewritten.
const refresh = 100 * time.Millisecond

// NewProgress begins to count elapsed time. Live is for a terminal, where one line
// says what is running (at most 79 columns) and is rewritten ten times a second;
// elsewhere each phase that is done is one plain line. The clock is time.Now but in
// tests. What cannot be written is lost: progress never fails a run.
func NewProgress(w io.Writer, live bool, clock func() time.Time) *Progress {
	p := &Progress{w: w, live: live, width: defaultWidth - 1, clock: clock, begun: clock()}
	if live {
		p.stop, p.ended = make(chan struct{}), make(chan struct{})
		go p.rewrite(p.stop, p.ended)
	}
	return p
}

// Start begins a phase, such as "base worker". The function it returns ends it
// and prints its line; calling it again does nothing.
func (p *Progress) Start(name string) (done func()) {
	if p == nil {
		return func() {}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	current := &phase{name: cut(clean(name), p.width/2), begun: p.clock()}
	p.running = append(p.running, current)
	p.draw()
	return sync.OnceFunc(func() { p.finish(current) })
}

// Stop ends the live line. Phases that still run get no line of their own. It is
// safe to call twice, and before it returns nothing is written any more.
func (p *Progress) Stop() {
	if p == nil {
		return
	}
	p.mutex.Lock()
	stop := p.stop
	p.stop = nil
	p.running = nil
	p.erase()
	p.mutex.Unlock()
	if stop != nil {
		close(stop)
		<-p.ended
	}
}

func (p *Progress) finish(done *phase) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	at := -1
	for i, candidate := range p.running {
		if candidate == done {
			at = i
		}
	}
	if at < 0 { // stopped meanwhile
		return
	}
	p.running = append(p.running[:at], p.running[at+1:]...)
	p.erase()
	now := p.clock()
	took := seconds(now.Sub(done.begun))
	if p.live {
		p.print(fmt.Sprintf("  %-*s  %7s\n", phaseColumn, done.name, took))
	} else {
		p.print(fmt.Sprintf("%7s  %s (%s)\n", seconds(now.Sub(p.begun)), done.name, took))
	}
	p.draw()
}

// phaseColumn is the width of the names of phases on a terminal.
const phaseColumn = 28

// rewrite keeps the elapsed time of the live line true until stop is closed.
func (p *Progress) rewrite(stop <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			p.mutex.Lock()
			p.draw()
			p.mutex.Unlock()
		}
	}
}

// draw writes the live line again.
func (p *Progress) draw() {
	if !p.live || p.stop == nil || len(p.running) == 0 {
		return
	}
	now := p.clock()
	parts := make([]string, 0, len(p.running))
	for _, current := range p.running {
		parts = append(parts, current.name+" …  "+seconds(now.Sub(current.begun)))
	}
	p.print("\r  " + cut(strings.Join(parts, "   "), p.width-2) + eraseRest)
	p.shown = true
}

// eraseRest clears a terminal's line behind the cursor.
const eraseRest = "\x1b[K"

// erase takes the live line away.
func (p *Progress) erase() {
	if p.shown {
		p.print("\r" + eraseRest)
		p.shown = false
	}
}

func (p *Progress) print(text string) {
	_, _ = io.WriteString(p.w, text) // progress never fails a run
}

// seconds prints a duration as people read it: "0.4 s", "1 m 05 s".
func seconds(d time.Duration) string {
	if rounded := d.Round(time.Second); rounded >= time.Minute {
		return fmt.Sprintf("%d m %02d s", rounded/time.Minute, rounded%time.Minute/time.Second)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
