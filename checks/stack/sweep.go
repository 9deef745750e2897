package stack

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// selection chooses among what carries our labels.
type selection func(labels map[string]string) bool

// expired chooses what nobody will take away any more: its deadline has
// passed, or the process that started it is gone.
func expired(now time.Time) selection {
	return func(labels map[string]string) bool {
		deadline, err := strconv.ParseInt(labels[deadlineLabel], 10, 64)
		return err != nil || now.Unix() > deadline || dead(labels[ownerLabel])
	}
}

// Sweep removes what earlier runs left behind, found by our labels: containers
// with their volumes, networks, volumes. Without all it leaves alone what is
// before its deadline and may still have an owner (one on another machine
// counts as alive). It returns how many things it removed.
func (e *Engine) Sweep(ctx context.Context, all bool) (removed int, err error) {
	chosen := expired(time.Now())
	if all {
		chosen = func(map[string]string) bool { return true }
	}
	removed, err = e.remove(ctx, chosen)
	if err != nil {
		return removed, fmt.Errorf("sweep what earlier runs left: %w", err)
	}
	return removed, nil
}

// found is something of ours that the engine holds.
type found struct {
	id     string
	labels map[string]string
}

// remove takes away what is chosen. The order matters: a network goes when
// nothing stands in it, and workers go before the broker, so that none of them
// writes its last lines about a broker that is gone.
func (e *Engine) remove(ctx context.Context, chosen selection) (removed int, err error) {
	steps := []struct {
		list   func(context.Context, client.Filters) ([]found, error)
		remove func(context.Context, string) error
		chosen selection
	}{
		{e.containers, e.removeContainer, func(labels map[string]string) bool { return labels[nameLabel] != brokerAlias }},
		{e.containers, e.removeContainer, func(map[string]string) bool { return true }},
		{e.networks, e.removeNetwork, func(map[string]string) bool { return true }},
		{e.volumes, e.removeVolume, func(map[string]string) bool { return true }},
	}
	var errs []error
	for _, step := range steps {
		all, err := step.list(ctx, make(client.Filters).Add("label", runLabel))
		errs = append(errs, err)
		var removing errgroup.Group
		for _, item := range all {
			if chosen(item.labels) && step.chosen(item.labels) {
				removed++
				removing.Go(func() error { return untilGone(ctx, item.id, step.remove) })
			}
		}
		errs = append(errs, removing.Wait())
	}
	return removed, errors.Join(errs...)
}

// untilGone repeats a removal while the engine still removes the thing for
// someone else, or still takes down what stands in a network.
func untilGone(ctx context.Context, id string, remove func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := remove(ctx, id)
		switch {
		case err == nil || errdefs.IsNotFound(err):
			return nil
		case !errdefs.IsConflict(err) && !errdefs.IsPermissionDenied(err):
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

func (e *Engine) containers(ctx context.Context, filters client.Filters) ([]found, error) {
	list, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	items := make([]found, 0, len(list.Items))
	for _, item := range list.Items {
		items = append(items, found{item.ID, item.Labels})
	}
	return items, err
}

func (e *Engine) networks(ctx context.Context, filters client.Filters) ([]found, error) {
	list, err := e.client.NetworkList(ctx, client.NetworkListOptions{Filters: filters})
	items := make([]found, 0, len(list.Items))
	for _, item := range list.Items {
		items = append(items, found{item.ID, item.Labels})
	}
	return items, err
}

func (e *Engine) volumes(ctx context.Context, filters client.Filters) ([]found, error) {
	list, err := e.client.VolumeList(ctx, client.VolumeListOptions{Filters: filters})
	items := make([]found, 0, len(list.Items))
	for _, item := range list.Items {
		items = append(items, found{item.Name, item.Labels})
	}
	return items, err
}

func (e *Engine) removeContainer(ctx context.Context, id string) error {
	_, err := e.client.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	return err
}

func (e *Engine) removeNetwork(ctx context.Context, id string) error {
	_, err := e.client.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	return err
}

func (e *Engine) removeVolume(ctx context.Context, id string) error {
	_, err := e.client.VolumeRemove(ctx, id, client.VolumeRemoveOptions{Force: true})
	return err
}
