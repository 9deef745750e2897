package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// Image is an image that the engine holds, bound to its bytes.
type Image struct {
	Reference string // as it was asked for
	// Pinned is what to run: name@sha256:…, or ID where the image exists only here.
	Pinned string
	// Digest is the manifest's, sha256:<64 hex>; ID where the image exists only here.
	Digest string
	ID     string   // sha256:<64 hex> of the image's configuration
	Env    []string // NAME=value
	// Stale says why a tag could not be asked for at its registry, so that the
	// image is the one that was here before; empty: the registry answered, or
	// the reference has a digest.
	Stale string
}

// UnknownImageError says that there is no such image: a wrong reference, a
// finding about the release.
type UnknownImageError struct {
	Reference string
	Reason    string
}

// Error says what to correct.
func (e *UnknownImageError) Error() string {
	return fmt.Sprintf("there is no image %s: %s; correct the reference or push the image", e.Reference, e.Reason)
}

// Resolve finds the image of a reference. With a digest the engine's own copy
// is enough, because it cannot be another one; a tag is asked for at its
// registry each time, because it may have moved, and resolved to a digest once.
// The error is an *UnknownImageError where there is certainly no such image; where the
// gate could not tell (a registry that does not answer, or that wants
// credentials) it is infrastructure's and says what to do.
func (e *Engine) Resolve(ctx context.Context, ref string) (Image, error) {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return Image{}, &UnknownImageError{Reference: ref, Reason: err.Error()}
	}
	if pinned, ok := named.(reference.Canonical); ok {
		return e.pinned(ctx, ref, pinned)
	}
	digest, err := e.pull(ctx, named)
	if err != nil {
		return e.local(ctx, ref, named, pullError(ref, err))
	}
	canonical, err := reference.ParseDockerRef(named.Name() + "@" + digest)
	if err != nil {
		return Image{}, fmt.Errorf("read the digest that %s was pulled by: %w", ref, err)
	}
	return e.inspect(ctx, ref, canonical.(reference.Canonical))
}

// pinned finds an image by its digest, here or at its registry.
func (e *Engine) pinned(ctx context.Context, ref string, named reference.Canonical) (Image, error) {
	image, err := e.inspect(ctx, ref, named)
	if !errdefs.IsNotFound(err) {
		return image, err
	}
	if _, err := e.pull(ctx, named); err != nil {
		return Image{}, pullError(ref, err)
	}
	return e.inspect(ctx, ref, named)
}

// inspect reads an image that the engine holds under this very digest.
func (e *Engine) inspect(ctx context.Context, ref string, named reference.Canonical) (Image, error) {
	inspected, err := e.client.ImageInspect(ctx, named.String())
	if err != nil {
		return Image{}, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	return Image{
		Reference: ref, Pinned: reference.FamiliarString(named), Digest: named.Digest().String(),
		ID: inspected.ID, Env: variablesOf(inspected),
	}, nil
}

// local falls back to the image that the engine holds under a tag which could
// not be pulled. A registry that answered "unknown" is believed, unless the
// image was never at a registry at all.
func (e *Engine) local(ctx context.Context, ref string, named reference.Named, pulled error) (Image, error) {
	inspected, err := e.client.ImageInspect(ctx, named.String())
	if err != nil || ctx.Err() != nil {
		return Image{}, pulled
	}
	image := Image{
		Reference: ref, Pinned: inspected.ID, Digest: inspected.ID, ID: inspected.ID,
		Env: variablesOf(inspected), Stale: pulled.Error(),
	}
	for _, known := range inspected.RepoDigests {
		if canonical, err := reference.ParseDockerRef(known); err == nil && canonical.Name() == named.Name() {
			if isUnknown(pulled) {
				return Image{}, pulled
			}
			image.Pinned = known
			_, image.Digest, _ = strings.Cut(known, "@")
			break
		}
	}
	return image, nil
}

func variablesOf(inspected client.ImageInspectResult) []string {
	if inspected.Config == nil {
		return nil
	}
	return inspected.Config.Env
}

// pull fetches an image and returns the digest that its registry gave it.
func (e *Engine) pull(ctx context.Context, named reference.Named) (string, error) {
	stream, err := e.client.ImagePull(ctx, named.String(), client.ImagePullOptions{RegistryAuth: credentials(ctx, named)})
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Close() }()
	digest := ""
	for message, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return "", err
		}
		if message.Error != nil {
			return "", message.Error
		}
		if found, ok := strings.CutPrefix(message.Status, "Digest: "); ok {
			digest = found
		}
	}
	return digest, nil
}

// credentials are those that the docker command would use; none is no error,
// the registry then says whether it wants any.
func credentials(ctx context.Context, named reference.Named) string {
	_, auth, err := testcontainers.DockerImageAuth(ctx, named.String())
	if err != nil {
		return ""
	}
	encoded, err := authconfig.Encode(auth)
	if err != nil {
		return ""
	}
	return encoded
}
