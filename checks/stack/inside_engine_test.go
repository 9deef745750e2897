//go:build engine

package stack

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// TestFromInsideAContainer runs one of the tests as an action in a container
// would run: beside the containers that it starts.
func TestFromInsideAContainer(t *testing.T) {
	engine := connected(t)
	binary, err := compiled(t, "test", "-c", "-tags=engine", ".")
	if err != nil {
		t.Fatal(err)
	}
	at := newLoopback(t, engine)
	digest := at.push("inside:1", imageOf(t, t.Name(), []entry{{path: "stack.test", content: string(binary)}, {path: "tmp", folder: true}}, "/stack.test"))
	image, err := engine.Resolve(t.Context(), at.host+"/inside@"+digest)
	if err != nil {
		t.Fatal(err)
	}
	given := probe(t, engine)
	for _, mode := range []container.NetworkMode{"bridge", "host"} {
		t.Run(string(mode), func(t *testing.T) {
			created, err := engine.client.ContainerCreate(t.Context(), client.ContainerCreateOptions{
				Config: &container.Config{
					Image: image.Pinned, Cmd: []string{"-test.run=^TestAContainerStopsByTheSignal$", "-test.v"},
					Env: []string{givenProbe + "=" + given.Pinned}, Labels: labels(t.Name(), "", "", time.Time{}),
				},
				HostConfig: &container.HostConfig{NetworkMode: mode, Binds: []string{"/var/run/docker.sock:/var/run/docker.sock"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := engine.removeContainer(context.WithoutCancel(t.Context()), created.ID); err != nil {
					t.Error(err)
				}
			})
			if _, err := engine.client.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}); err != nil {
				t.Fatal(err)
			}
			inside := &Container{Name: "inside", id: created.ID, engine: engine}
			<-inside.alive(t.Context()).Done()
			log, err := inside.Log(t.Context(), logLines)
			if text := strings.Join(log, "\n"); err != nil || !strings.Contains(text, "--- PASS: TestAContainerStopsByTheSignal") {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}
