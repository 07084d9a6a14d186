// A small consumer of Kubernetes' Go libraries as they are: client-go's typed, dynamic and discovery clients, informers,
// leader election, controller-runtime. Each command works in a namespace of its own and prints what it saw, one fact a
// line, so that a test can say which lines it expects. A command fails with the first thing that is not as on any cluster.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

const limit = 90 * time.Second

var commands = map[string]func(context.Context, *session) error{
	"access":       access,
	"apply":        apply,
	"discovery":    discover,
	"dynamic":      dynamicObjects,
	"election":     election,
	"informers":    sharedInformers,
	"labelled":     labelled,
	"operator":     operator,
	"patches":      patches,
	"reads":        reads,
	"resume":       resume,
	"subresources": subresources,
	"writes":       writes,
}

func main() {
	if len(os.Args) != 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: KUBECONFIG=FILE client %v", slices.Sorted(maps.Keys(commands))))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s took longer than %s", os.Args[1], limit))
	defer cancel()

	s, err := openSession(ctx, "go-"+os.Args[1])
	if err != nil {
		fail(err)
	}
	if err := commands[os.Args[1]](ctx, s); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
