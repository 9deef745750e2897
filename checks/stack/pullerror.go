package stack

import (
	"errors"
	"fmt"
	"strings"
)

// verdicts tell what an engine's words about a pull mean. Engines have no codes
// for them that hold across versions; the first match decides. A registry that
// denies access does so for unknown names too, so that proves nothing.
func verdicts() []struct{ words, hint string } {
	return []struct{ words, hint string }{
		{"denied", "log in to the registry (docker login), or correct the name: registries deny what they do not know"},
		{"unauthorized", "log in to the registry (docker login)"},
		{"no basic auth credentials", "log in to the registry (docker login)"},
		{"toomanyrequests", "the registry limits pulls: log in, or use a mirror"},
		{"manifest unknown", ""},
		{"name unknown", ""},
		{"manifest verification failed", ""},
		{"image verification failed", ""},
		{"no such host", "the registry's host is not known here: check the name and the network"},
		{"connection refused", "the registry does not listen: check the address and that it runs"},
		{"timeout", "the registry does not answer: check the network and proxies of the engine"},
		{"not found", ""},
	}
}

// pullError makes of the engine's error what the gate needs to know: an
// *UnknownImageError, or why it could not tell.
func pullError(ref string, err error) error {
	words := strings.ToLower(err.Error())
	for _, verdict := range verdicts() {
		if !strings.Contains(words, verdict.words) {
			continue
		}
		if verdict.hint == "" {
			return &UnknownImageError{Reference: ref, Reason: escape(err.Error())}
		}
		return fmt.Errorf("pull image %s: %w; %s", ref, err, verdict.hint)
	}
	return fmt.Errorf("pull image %s: %w", ref, err)
}

func isUnknown(err error) bool {
	var unknown *UnknownImageError
	return errors.As(err, &unknown)
}
