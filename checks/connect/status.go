package connect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The states of connectors and tasks that this package tells apart.
const (
	Running = "RUNNING"
	Failed  = "FAILED"
)

// Status is what the workers last reported about a connector.
type Status struct {
	Connector State  `json:"connector"`
	Tasks     []Task `json:"tasks"` // empty: starting
}

// State is the state of the connector itself, which says nothing about its tasks.
type State struct {
	State    string `json:"state"` // empty: nothing is reported yet
	WorkerID string `json:"worker_id"`
	Trace    string `json:"trace"`   // a Java stack trace where State is FAILED; may be empty
	Version  string `json:"version"` // of the plugin; workers from 4.1, otherwise empty
}

// Task is the state of one task.
type Task struct {
	ID       int    `json:"id"`
	State    string `json:"state"`
	WorkerID string `json:"worker_id"`
	Trace    string `json:"trace"`
	Version  string `json:"version"`
}

// Status asks once for the state of a connector, as it is made to be polled. One of which
// no worker has reported anything, which is so for a moment after it was put, has the
// zero status.
func (c *Client) Status(ctx context.Context, name string) (Status, error) {
	var status Status
	err := c.once(ctx, http.MethodGet, "/connectors/"+url.PathEscape(name)+"/status", nil, &status)
	if answer, ok := errors.AsType[*APIError](err); ok && answer.Status == http.StatusNotFound &&
		strings.HasPrefix(answer.Message, "No status found") {
		return Status{}, nil
	}
	return status, err
}

// AllRunning says whether the connector and all of at least one task are RUNNING on the
// worker of that id (its advertised host:port). After a restart the first status may
// still be the old worker's, which is why the id counts.
func (s Status) AllRunning(workerID string) bool {
	if s.Connector.State != Running || s.Connector.WorkerID != workerID || len(s.Tasks) == 0 {
		return false
	}
	for _, task := range s.Tasks {
		if task.State != Running || task.WorkerID != workerID {
			return false
		}
	}
	return true
}

// Failed is the first part that FAILED, the connector before its tasks: what it is, such
// as "connector" or "task 0", and its trace, which may be empty. failed is false, and the
// rest empty, where none did.
func (s Status) Failed() (part, trace string, failed bool) {
	if s.Connector.State == Failed {
		return "connector", s.Connector.Trace, true
	}
	for _, task := range s.Tasks {
		if task.State == Failed {
			return fmt.Sprintf("task %d", task.ID), task.Trace, true
		}
	}
	return "", "", false
}
