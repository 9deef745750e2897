//go:build engine

package stack

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestADigestThatResolvesIsPulledOnceAndThenTakenFromTheEngine(t *testing.T) {
	engine := connected(t)
	at := newLoopback(t, engine)
	digest := at.push("kafka:1", imageOf(t, t.Name(), nil, "/x"))
	reference := at.host + "/kafka@" + digest

	image, err := engine.Resolve(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	want := Image{Reference: reference, Pinned: reference, Digest: digest, ID: image.ID, Env: []string{"FROM_IMAGE=yes"}}
	if diff := cmp.Diff(want, image); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	at.stop()
	again, err := engine.Resolve(t.Context(), at.host+"/kafka:1@"+digest)
	if err != nil {
		t.Fatalf("without a registry: %v", err)
	}
	if again.Pinned != reference || again.Stale != "" {
		t.Errorf("got %+v, want it pinned as %s", again, reference)
	}
}

func TestATagThatMovedToOtherBytesIsSeen(t *testing.T) {
	engine := connected(t)
	at := newLoopback(t, engine)
	before := at.push("kafka:1", imageOf(t, "before", nil, "/x"))
	first, err := engine.Resolve(t.Context(), at.host+"/kafka:1")
	if err != nil {
		t.Fatal(err)
	}
	after := at.push("kafka:1", imageOf(t, "after", nil, "/x"))
	second, err := engine.Resolve(t.Context(), at.host+"/kafka:1")
	if err != nil {
		t.Fatal(err)
	}
	if first.Digest != before || second.Digest != after || first.ID == second.ID {
		t.Errorf("digests %s, %s; want %s, %s of different images", first.Digest, second.Digest, before, after)
	}
	if want := at.host + "/kafka@" + after; second.Pinned != want {
		t.Errorf("pinned %s, want %s", second.Pinned, want)
	}
}

func TestARegistryThatSaysThereIsNoneIsAFinding(t *testing.T) {
	engine := connected(t)
	at := newLoopback(t, engine)
	at.push("kafka:1", imageOf(t, t.Name(), nil, "/x"))
	none := "sha256:" + strings.Repeat("1", 64)
	for title, reference := range map[string]string{
		"a wrong digest":                at.host + "/kafka@" + none,
		"an unknown tag":                at.host + "/kafka:2",
		"an unknown repository":         at.host + "/nothing:1",
		"what is no reference":          at.host + "/Kafka:1",
		"a digest that is too short":    at.host + "/kafka@sha256:12",
		"the digest of another's bytes": at.host + "/other@" + none,
	} {
		t.Run(title, func(t *testing.T) {
			_, err := engine.Resolve(t.Context(), reference)
			var unknown *UnknownImageError
			if !errors.As(err, &unknown) || unknown.Reference != reference {
				t.Errorf("got %v, want an UnknownImageError of %s", err, reference)
			}
		})
	}
}

func TestARegistryThatDoesNotAnswerIsNoFinding(t *testing.T) {
	engine := connected(t)
	at := newLoopback(t, engine)
	at.push("kafka:1", imageOf(t, t.Name(), nil, "/x"))
	if _, err := engine.Resolve(t.Context(), at.host+"/kafka:1"); err != nil {
		t.Fatal(err)
	}
	at.stop()

	t.Run("an image that is not here cannot be told", func(t *testing.T) {
		_, err := engine.Resolve(t.Context(), at.host+"/kafka:2")
		if err == nil || isUnknown(err) || !strings.Contains(err.Error(), "the registry does not listen") {
			t.Errorf("got %v, want an error with a hint, and no finding", err)
		}
	})
	t.Run("a tag that is here is taken and said to be stale", func(t *testing.T) {
		image, err := engine.Resolve(t.Context(), at.host+"/kafka:1")
		if err != nil {
			t.Fatal(err)
		}
		if image.Stale == "" || !strings.HasPrefix(image.Digest, "sha256:") || !strings.Contains(image.Pinned, "@"+image.Digest) {
			t.Errorf("got %+v, want a stale image pinned by its digest", image)
		}
	})
}
