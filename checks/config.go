package checks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/connectgate/connectgate/policy/release"
)

// reference is a config provider's reference, ${provider:path:key} or ${provider:key}.
var reference = regexp.MustCompile(`\$\{([A-Za-z0-9_.-]+:[^}]+)\}`)

// unansweredError says which reference no trial secret answers.
type unansweredError struct{ Pointer, Reference string }

func (e *unansweredError) Error() string {
	return fmt.Sprintf("no trial secret answers ${%s}: add it to spec.trial.secrets", e.Reference)
}

// ConnectorName is the connector's name on its cluster: the definition's, or the release's.
func ConnectorName(r *release.Release) string {
	if name := r.Config["name"]; name != "" {
		return name
	}
	return r.Metadata.Name
}

// trialConfig is the configuration as a trial submits it, and in what it differs
// from production, one line each: addresses and limits of spec.trial.config, and
// references answered from spec.trial.secrets.
func trialConfig(r *release.Release) (config map[string]string, alterations []string, err error) {
	config = maps.Clone(r.Config)
	config["name"] = ConnectorName(r)
	for _, key := range slices.Sorted(maps.Keys(r.Spec.Trial.Config)) {
		value := string(r.Spec.Trial.Config[key])
		alterations = append(alterations, fmt.Sprintf("%s: %s instead of %s", key,
			r.Redacted("/config/"+key, value), r.Redacted("/config/"+key, orUnset(config[key]))))
		config[key] = value
	}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		answered, references, err := answer(config[key], r.Spec.Trial.Secrets)
		if err != nil {
			return nil, nil, &unansweredError{Pointer: "/config/" + key, Reference: err.Error()}
		}
		for _, name := range references {
			alterations = append(alterations, fmt.Sprintf("%s: ${%s} answered by spec.trial.secrets", key, name))
		}
		config[key] = answered
	}
	return config, alterations, nil
}

func orUnset(value string) string {
	if value == "" {
		return "(not set)"
	}
	return value
}

// answer replaces the references in value. Its error holds a reference that has no answer.
func answer(value string, secrets map[string]release.Text) (answered string, references []string, err error) {
	answered = reference.ReplaceAllStringFunc(value, func(match string) string {
		name := match[len("${") : len(match)-len("}")]
		secret, known := secrets[name]
		if !known && err == nil {
			err = fmt.Errorf("%s", name)
		}
		references = append(references, name)
		return string(secret)
	})
	return answered, references, err
}
