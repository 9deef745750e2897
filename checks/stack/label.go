package stack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// The labels on everything that is started.
const (
	runLabel      = "io.connectgate.run"
	laneLabel     = "io.connectgate.lane"
	stackLabel    = "io.connectgate.stack"
	deadlineLabel = "io.connectgate.deadline" // unix seconds
	ownerLabel    = "io.connectgate.owner"
	nameLabel     = "io.connectgate.name"
)

// lifetime is how long something without a deadline of its own may stay.
const lifetime = time.Hour

func labels(run, lane, stack string, deadline time.Time) map[string]string {
	if deadline.IsZero() {
		deadline = time.Now().Add(lifetime)
	}
	return map[string]string{
		runLabel: run, laneLabel: lane, stackLabel: stack,
		deadlineLabel: strconv.FormatInt(deadline.Unix(), 10),
		ownerLabel:    owner(os.Getpid()).String(),
	}
}

// process is a process that no other is equal to: pids repeat in every
// container and after every boot, so the kernel's boot and the pid's namespace
// belong to it, and its start, because pids are used again.
type process struct {
	boot, namespace string // empty: unknown, as everywhere but on Linux
	pid             int
	start           string // in clock ticks since boot; empty: there is no such process
}

func owner(pid int) process {
	return process{boot: boot(), namespace: namespace(), pid: pid, start: startOf(pid)}
}

// String is the value of the owner label: boot/namespace/pid/start.
func (p process) String() string {
	return strings.Join([]string{p.boot, p.namespace, strconv.Itoa(p.pid), p.start}, "/")
}

// dead says whether the process that wrote the label certainly lives no more:
// only one that we would see can be known to be gone.
func dead(label string) bool {
	parts := strings.Split(label, "/")
	if len(parts) != 4 || parts[0] == "" || parts[0] != boot() || parts[1] != namespace() {
		return false
	}
	pid, err := strconv.Atoi(parts[2])
	return err == nil && startOf(pid) != parts[3]
}

func boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

func namespace() string {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]")
}

// startOf is field 22 of proc(5)'s stat; the second field may hold spaces and
// parentheses, so fields are counted from its end.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	const state, start = 3, 22
	if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(fields) > start-state {
		return fields[start-state]
	}
	return ""
}

// self is the container that this process runs in, where the engine knows it:
// a process in a container of another engine stands beside this one.
func self(ctx context.Context, docker *client.Client) string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	candidates := []string{}
	if match := regexp.MustCompile(`/containers/([0-9a-f]{64})/`).FindSubmatch(mounts); match != nil {
		candidates = append(candidates, string(match[1]))
	}
	if name, err := os.Hostname(); err == nil {
		candidates = append(candidates, name)
	}
	for _, candidate := range candidates {
		if found, err := docker.ContainerInspect(ctx, candidate, client.ContainerInspectOptions{}); err == nil {
			return found.Container.ID
		}
	}
	return ""
}
