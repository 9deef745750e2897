package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/connectgate/connectgate/checks"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/cmd/connectgate/internal/gate"
	"github.com/connectgate/connectgate/cmd/connectgate/internal/gitrange"
	"github.com/connectgate/connectgate/cmd/connectgate/internal/report"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// checkFlags are the flags of check, as the user wrote them.
type checkFlags struct {
	base, head, config, trials, enforce, format, output string

	dryRun, ci, quiet bool
}

func (f *checkFlags) set() *flag.FlagSet {
	set := flag.NewFlagSet("connectgate check", flag.ContinueOnError)
	set.StringVar(&f.base, "base", "", "`revision` to merge into; its merge base with head is compared (default: the default branch)")
	set.StringVar(&f.head, "head", "", "`revision` to judge, or \"worktree\" for the files on disk (default: HEAD)")
	set.StringVar(&f.config, "config", "", "`file` to use instead of the target branch's .connectgate.yaml")
	set.StringVar(&f.trials, "trials", "auto", "auto, off, or a `list` such as startup,contract")
	set.BoolVar(&f.dryRun, "dry-run", false, "show what would be tried, and start nothing")
	set.BoolVar(&f.ci, "ci", false, "block on what the ring requires and nothing evaluated (default on a pull request event)")
	set.StringVar(&f.enforce, "enforce", "on", "on, or warn to report everything and exit 0")
	set.StringVar(&f.format, "format", "terminal", formatNames())
	set.StringVar(&f.output, "output", "", "write the card to `file` in --format; the terminal card is still shown")
	set.BoolVar(&f.quiet, "quiet", false, "show no progress")
	return set
}

func formatNames() string {
	var names []string
	for _, format := range report.Formats() {
		names = append(names, format.Name)
	}
	return "`format`: " + strings.Join(names, ", ")
}

// parse reads flags; wrong ones are a *gitrange.UsageError, --help is flag.ErrHelp.
func parse(set *flag.FlagSet, args []string, stdout io.Writer) error {
	var text bytes.Buffer
	set.SetOutput(&text)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		if _, err := stdout.Write(text.Bytes()); err != nil {
			return fmt.Errorf("write help: %w", err)
		}
		return flag.ErrHelp
	case err != nil:
		return &gitrange.UsageError{Msg: err.Error(), Hint: fmt.Sprintf("see %q", set.Name()+" --help")}
	case set.NArg() > 0:
		return &gitrange.UsageError{Msg: fmt.Sprintf("unexpected argument %q", set.Arg(0)), Hint: fmt.Sprintf("see %q", set.Name()+" --help")}
	}
	return nil
}

func check(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	var flags checkFlags
	if err := parse(flags.set(), args, stdout); err != nil {
		return 0, err
	}
	request, format, err := flags.request()
	if err != nil {
		return 0, err
	}
	progress := flags.progress(stderr)
	request.Phase = progress.Start
	request.Hint = func(text string) {
		io.WriteString(stderr, "hint: "+text+"\n") //nolint:errcheck,gosec // nothing can be said where stderr is gone
	}
	card, err := gate.Run(ctx, request)
	progress.Stop()
	if err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		card.Verdict = scorecard.Cancelled
	}
	if err := flags.write(card, format, stdout); err != nil {
		return 0, err
	}
	return exitStatus(card), nil
}

// request turns the flags into what the gate is asked, or a *gitrange.UsageError.
func (f checkFlags) request() (gate.Request, report.Format, error) {
	var request gate.Request
	selection, err := checks.ParseSelection(f.trials)
	if err != nil {
		return request, report.Format{}, &gitrange.UsageError{Msg: "flag --trials: " + err.Error(), Hint: `see "connectgate check --help"`}
	}
	if f.enforce != "on" && f.enforce != "warn" {
		return request, report.Format{}, &gitrange.UsageError{Msg: fmt.Sprintf("flag --enforce: unknown value %q", f.enforce), Hint: "use on or warn"}
	}
	formats := report.Formats()
	at := slices.IndexFunc(formats, func(format report.Format) bool { return format.Name == f.format })
	if at < 0 {
		return request, report.Format{}, &gitrange.UsageError{Msg: fmt.Sprintf("flag --format: unknown value %q", f.format), Hint: "use " + formatNames()}
	}
	return gate.Request{
		Dir: ".", Base: f.base, Head: f.head, Config: f.config, Selection: selection, DryRun: f.dryRun,
		CI:      f.ci || os.Getenv("GITHUB_EVENT_NAME") == "pull_request",
		Enforce: f.enforce == "on", Version: Version(), Now: time.Now(),
	}, formats[at], nil
}

// progress is live on a terminal, plain lines elsewhere, and silent with --quiet.
func (f checkFlags) progress(stderr io.Writer) *report.Progress {
	if f.quiet {
		return nil
	}
	return report.NewProgress(stderr, isTerminal(stderr), time.Now)
}

// write shows the card on stdout, and writes it to --output in --format.
func (f checkFlags) write(card scorecard.Card, format report.Format, stdout io.Writer) error {
	options := report.Options{Width: width(stdout), Color: isTerminal(stdout) && os.Getenv("NO_COLOR") == ""}
	if f.output == "" {
		return format.Write(stdout, card, options)
	}
	var text bytes.Buffer
	if err := format.Write(&text, card, report.Options{}); err != nil {
		return fmt.Errorf("write %s: %w", f.format, err)
	}
	//nolint:gosec // later steps of a workflow read it as another user
	if err := os.WriteFile(f.output, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write --output: %w", err)
	}
	return report.Formats()[0].Write(stdout, card, options)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// width is the terminal's in columns; 0: not a terminal.
func width(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// clean takes away what killed runs left on the engine.
func clean(ctx context.Context, args []string, stdout io.Writer) error {
	set := flag.NewFlagSet("connectgate clean", flag.ContinueOnError)
	all := set.Bool("all", false, "also what a run in progress uses")
	if err := parse(set, args, stdout); err != nil {
		return err
	}
	engine, err := stack.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to the container engine: %w", err)
	}
	removed, err := engine.Sweep(ctx, *all)
	if err := errors.Join(err, engine.Close()); err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "removed %d containers, networks and volumes\n", removed)
	return err
}
