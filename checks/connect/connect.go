// Package connect speaks the REST API of a Kafka Connect worker: readiness, plugins,
// validation, configuration and status of connectors. It starts nothing, waits for no
// state, and judges no release.
package connect

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Client asks one worker. Every call it makes is idempotent, so but for Ready and Status,
// which are made to be polled, it asks again for as long as the context lives where a
// worker answers 409 (a rebalance) or 500 "Request timed out", or where nothing listens
// yet: give the context a deadline. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New makes a client of the worker at base, such as http://worker:8083. How to dial is
// for client to know, which must not be nil, and so are time-outs of single requests.
func New(base string, client *http.Client) *Client {
	return &Client{base: strings.TrimRight(base, "/"), http: client}
}

// Info is what a worker says of itself.
type Info struct {
	Version   string `json:"version"` // of Kafka, such as 3.9.1
	Commit    string `json:"commit"`
	ClusterID string `json:"kafka_cluster_id"`
}

// Worker asks what runs. It answers before the herder is ready: see [Client.Ready].
func (c *Client) Worker(ctx context.Context) (Info, error) {
	var info Info
	err := c.call(ctx, http.MethodGet, "/", nil, &info)
	return info, err
}

// Plugin is a class that the worker found on its plugin path.
type Plugin struct {
	Class string `json:"class"`
	// Type is sink, source, converter, header_converter, transformation or predicate.
	Type    string `json:"type"`
	Version string `json:"version"` // empty where the plugin states none
}

// Plugins lists all plugins, not connectors alone, in the worker's order. Workers before
// 3.2 list connectors only.
func (c *Client) Plugins(ctx context.Context) ([]Plugin, error) {
	var plugins []Plugin
	err := c.call(ctx, http.MethodGet, "/connector-plugins?connectorsOnly=false", nil, &plugins)
	return plugins, err
}

// Put creates the connector or changes its configuration. An *APIError with status 400
// says that the worker refuses the configuration.
func (c *Client) Put(ctx context.Context, name string, config map[string]string) error {
	return c.call(ctx, http.MethodPut, "/connectors/"+url.PathEscape(name)+"/config", config, nil)
}

// Validation is what a plugin says of a configuration.
type Validation struct {
	// Errors are sorted by key; a key may have several.
	Errors []ConfigError
	// Known are the keys that the worker and the plugin define, sorted. Workers before
	// 3.9 leave out the keys of converters.
	Known []string
	// Defaults are the values that known keys take where they are not set; a key
	// without a default is absent.
	Defaults map[string]string
}

// ConfigError is one complaint about one key. Messages often quote the value: redact
// before showing.
type ConfigError struct {
	Key     string
	Message string
}

// Validate asks the plugin of that class to check a configuration; nothing is deployed.
// An invalid configuration is no error but a Validation with Errors. A plugin that
// breaks while it validates is an *APIError with status 500.
//
// Connect demands a name here, though not where a connector is put: one is made up where
// config has none.
func (c *Client) Validate(ctx context.Context, class string, config map[string]string) (Validation, error) {
	body := map[string]string{"name": "connectgate"}
	maps.Copy(body, config)
	body["connector.class"] = class
	var answer struct {
		Configs []validatedKey `json:"configs"`
	}
	path := "/connector-plugins/" + url.PathEscape(class) + "/config/validate"
	if err := c.call(ctx, http.MethodPut, path, body, &answer); err != nil {
		return Validation{}, err
	}
	return validation(answer.Configs), nil
}

// validatedKey is one entry of a validation. Definition is null for keys that only the
// plugin's own validation speaks of.
type validatedKey struct {
	Definition *struct {
		Name    string  `json:"name"`
		Default *string `json:"default_value"`
	} `json:"definition"`
	Value struct {
		Name   string   `json:"name"`
		Errors []string `json:"errors"`
	} `json:"value"`
}

func validation(keys []validatedKey) Validation {
	result := Validation{Defaults: map[string]string{}}
	for _, key := range keys {
		for _, message := range key.Value.Errors {
			result.Errors = append(result.Errors, ConfigError{Key: key.Value.Name, Message: printable(message, messageRunes)})
		}
		if key.Definition == nil {
			continue
		}
		result.Known = append(result.Known, key.Definition.Name)
		if key.Definition.Default != nil {
			result.Defaults[key.Definition.Name] = *key.Definition.Default
		}
	}
	slices.Sort(result.Known)
	slices.SortStableFunc(result.Errors, func(a, b ConfigError) int { return strings.Compare(a.Key, b.Key) })
	return result
}

// Ready probes once and is nil when the worker's herder answers. It asks /health, which
// workers have from 3.9, and where that is unknown for a connector that cannot exist: a
// worker that is starting answers both otherwise, or as HTML. Nothing is retried.
func (c *Client) Ready(ctx context.Context) error {
	err := c.once(ctx, http.MethodGet, "/health", nil, nil)
	if !isAPIError(err, http.StatusNotFound) {
		return err
	}
	const stranger = "connectgate-no-such-connector"
	err = c.once(ctx, http.MethodGet, "/connectors/"+stranger, nil, &json.RawMessage{})
	if isAPIError(err, http.StatusNotFound) && strings.Contains(err.Error(), "Connector "+stranger) {
		return nil
	}
	return err
}
