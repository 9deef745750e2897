package checks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/connectgate/connectgate/checks/plugin"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/checks/worker"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// AdmissionID names the evidence of the admission, which policy reads.
const AdmissionID = "admission"

// Side is one version of a release with the tree that its files come from.
type Side struct {
	Name    string // base or head
	Release *release.Release
	Tree    fs.FS
}

// Admitted is what one leg may start: bytes that were resolved and verified.
type Admitted struct {
	Worker   stack.Image
	Layout   worker.Layout
	Broker   stack.Image
	BrokerIn worker.Layout // the layout of Broker
	Services map[string]stack.Image
	Plugins  []*plugin.Archive
}

// subjects are the admitted bytes as evidence names them.
func (a Admitted) subjects(side string) []scorecard.Subject {
	subjects := []scorecard.Subject{{Side: side, Name: a.Worker.Reference, Digest: a.Worker.Digest, Version: a.Layout.KafkaVersion}}
	for _, archive := range a.Plugins {
		subjects = append(subjects, scorecard.Subject{Side: side, Name: archive.Name, Digest: archive.Digest})
	}
	for _, name := range slices.Sorted(maps.Keys(a.Services)) {
		image := a.Services[name]
		subjects = append(subjects, scorecard.Subject{Side: side, Name: image.Reference, Digest: image.Digest})
	}
	return subjects
}

// admission resolves and verifies what one side would run. A *failure says that
// the release names bytes that are not there, not allowed or not the declared
// ones; any other error is infrastructure.
type admission struct {
	engine *stack.Engine
	config release.Config
	origin plugin.Origin
	side   Side
}

func (a admission) run(ctx context.Context) (Admitted, error) {
	runtime := a.side.Release.Runtime
	var admitted Admitted
	var err error
	if admitted.Worker, admitted.Layout, err = a.worker(ctx, runtime.Spec.Image, "/runtime/image"); err != nil {
		return admitted, err
	}
	if admitted.Broker, admitted.BrokerIn, err = a.broker(ctx, admitted); err != nil {
		return admitted, err
	}
	services := a.side.Release.Spec.Trial.Services
	admitted.Services = make(map[string]stack.Image, len(services))
	for _, name := range slices.Sorted(maps.Keys(services)) {
		pointer := "/spec/trial/services/" + name + "/image"
		if admitted.Services[name], err = a.image(ctx, services[name].Image, pointer); err != nil {
			return admitted, err
		}
	}
	for i, declared := range a.side.Release.Spec.Artifact.Plugins {
		archive, err := a.plugin(ctx, declared, i)
		if err != nil {
			return admitted, err
		}
		admitted.Plugins = append(admitted.Plugins, archive)
	}
	return admitted, nil
}

func (a admission) image(ctx context.Context, reference, pointer string) (stack.Image, error) {
	image, err := a.engine.Resolve(ctx, reference)
	if _, unknown := errors.AsType[*stack.UnknownImageError](err); unknown {
		return image, a.refuse(pointer, err)
	}
	if err != nil {
		return image, fmt.Errorf("resolve image %s: %w", reference, err)
	}
	return image, nil
}

// worker resolves an image and finds out how Kafka is laid out in it.
func (a admission) worker(ctx context.Context, reference, pointer string) (stack.Image, worker.Layout, error) {
	image, err := a.image(ctx, reference, pointer)
	if err != nil {
		return image, worker.Layout{}, err
	}
	files, err := a.engine.Files(ctx, image)
	if err != nil {
		return image, worker.Layout{}, fmt.Errorf("read files of image %s: %w", reference, err)
	}
	layout, err := worker.Detect(files, image.Env)
	if _, unknown := errors.AsType[*worker.UnknownFamilyError](err); unknown {
		err = a.refuse(pointer, err)
	}
	if err == nil && layout.Launcher == "" {
		err = a.refuse(pointer, fmt.Errorf("image %s can run a broker but no Connect worker: name one that has Connect", reference))
	}
	return image, layout, errors.Join(err, files.Close()) //nolint:contextcheck // taking a container away outlives a cancelled run
}

// broker is the image of the configuration, or the worker's own where that can run a broker.
func (a admission) broker(ctx context.Context, admitted Admitted) (stack.Image, worker.Layout, error) {
	if a.config.Broker.Image == "" {
		if admitted.Layout.BrokerRun == "" {
			return stack.Image{}, worker.Layout{}, fmt.Errorf(
				"image %s cannot run a broker: name one in broker.image of %s", admitted.Worker.Reference, release.ConfigFile)
		}
		return admitted.Worker, admitted.Layout, nil
	}
	image, err := a.engine.Resolve(ctx, a.config.Broker.Image)
	if err != nil {
		return image, worker.Layout{}, fmt.Errorf("resolve broker.image of %s: %w", release.ConfigFile, err)
	}
	files, err := a.engine.Files(ctx, image)
	if err != nil {
		return image, worker.Layout{}, fmt.Errorf("read files of broker.image: %w", err)
	}
	layout, err := worker.Detect(files, image.Env)
	return image, layout, errors.Join(err, files.Close()) //nolint:contextcheck // taking a container away outlives a cancelled run
}

func (a admission) plugin(ctx context.Context, declared release.Plugin, index int) (*plugin.Archive, error) {
	pointer := "/spec/artifact/plugins/" + strconv.Itoa(index)
	path := ""
	if declared.Path != "" {
		var err error
		if path, err = a.side.Release.Path(declared.Path); err != nil {
			return nil, a.refuse(pointer+"/path", err)
		}
	}
	archive, err := a.origin.Fetch(ctx, declared, path)
	var missing *plugin.MissingError
	var refused *plugin.RefusedError
	var checksum *plugin.ChecksumError
	var archived *plugin.ArchiveError
	switch {
	case errors.As(err, &checksum):
		return nil, a.refuse(pointer+"/sha256", err)
	case errors.As(err, &missing), errors.As(err, &refused), errors.As(err, &archived):
		return nil, a.refuse(pointer, err)
	case err != nil:
		return nil, fmt.Errorf("fetch plugin %d of %s: %w", index, a.side.Name, err)
	}
	return archive, nil
}

func (a admission) refuse(pointer string, err error) error {
	return &failure{scorecard.Failure{
		Side: a.side.Name, Class: scorecard.ArtifactFailure, Pointer: pointer, Message: release.Redact(err.Error()),
	}}
}

// failure is a failure of the release on its way up; it is not an error of the gate.
type failure struct{ scorecard.Failure }

func (f *failure) Error() string { return f.Side + ": " + f.Message }
