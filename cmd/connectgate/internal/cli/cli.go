// Package cli turns arguments into a run and a run into an exit status. It
// decides nothing.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/connectgate/connectgate/cmd/connectgate/internal/gitrange"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// The exit statuses.
const (
	ExitPassed    = 0 // passed, or on a laptop "passed, incomplete"
	ExitBlocked   = 1 // blocked by findings
	ExitUsage     = 2 // flags, revisions, shallow clone, .connectgate.yaml
	ExitBroken    = 3 // the environment could not run it
	ExitWaiting   = 4 // waiting for approval
	ExitCancelled = 5
)

const usage = `connectgate decides whether a Kafka connector release may be merged.

Usage:
  connectgate check [flags]   judge what changed between two revisions
  connectgate clean [--all]   take away what killed runs left on the container engine
  connectgate version         print the version

"connectgate check --help" lists its flags.
`

// Main runs the command that args name and returns its exit status. When ctx is
// cancelled the run cleans up first and the status is ExitCancelled.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	var status int
	var err error
	switch command {
	case "check":
		status, err = check(ctx, args, stdout, stderr)
	case "clean":
		err = clean(ctx, args, stdout)
	case "version", "--version":
		_, err = fmt.Fprintln(stdout, "connectgate", Version())
	case "help", "--help", "-h":
		_, err = io.WriteString(stdout, usage)
	case "":
		_, err = io.WriteString(stderr, usage)
		status = ExitUsage
	default:
		err = &gitrange.UsageError{Msg: fmt.Sprintf("unknown command %q", command), Hint: `see "connectgate help"`}
	}
	if err != nil {
		return explain(ctx, stderr, err)
	}
	return status
}

// explain prints an error with its hint and chooses the exit status.
func explain(ctx context.Context, stderr io.Writer, err error) int {
	var usage *gitrange.UsageError
	var config *release.ConfigError
	switch {
	case errors.Is(err, flag.ErrHelp):
		return ExitPassed
	case errors.As(err, &usage):
		say(stderr, usage.Msg, usage.Hint)
		return ExitUsage
	case errors.As(err, &config):
		say(stderr, config.Error(), config.Remedy)
		return ExitUsage
	case ctx.Err() != nil:
		say(stderr, "cancelled", "")
		return ExitCancelled
	default:
		say(stderr, err.Error(), "")
		return ExitBroken
	}
}

func say(stderr io.Writer, message, hint string) {
	text := "connectgate: error: " + strings.TrimSpace(message) + "\n"
	if hint != "" {
		text += "hint: " + hint + "\n"
	}
	io.WriteString(stderr, text) //nolint:errcheck,gosec // nothing can be said where stderr is gone
}

// exitStatus is what a verdict means to the caller of the command.
func exitStatus(card scorecard.Card) int {
	if card.Verdict == scorecard.Cancelled {
		return ExitCancelled
	}
	if !card.Enforced {
		return ExitPassed
	}
	switch card.Verdict {
	case scorecard.Passed, scorecard.Incomplete:
		return ExitPassed
	case scorecard.Blocked:
		return ExitBlocked
	case scorecard.Waiting:
		return ExitWaiting
	case scorecard.Broken, scorecard.Cancelled:
		return ExitBroken
	}
	return ExitBroken
}

// Version is the module's version, or the revision it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
