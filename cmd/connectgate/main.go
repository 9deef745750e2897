// Connectgate decides, on a pull request, whether a Kafka connector release may
// be merged, and shows the evidence.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/connectgate/connectgate/cmd/connectgate/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal cancels the run, which cleans up; a second one ends at once.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
