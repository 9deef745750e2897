package connect_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/google/go-cmp/cmp"
)

// exchange is a request that a scripted worker expects, and what it answers.
type exchange struct {
	method, path string // the path as it was sent, escaped
	body         string // empty: not looked at
	status       int
	answer       string
}

// script serves the exchanges in order, and fails the test where a request is another
// one, or where one is left over.
func script(t *testing.T, exchanges ...exchange) *connect.Client {
	t.Helper()
	next := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next == len(exchanges) {
			t.Errorf("request %s %s after the end of the script", r.Method, r.URL)
			return
		}
		want := exchanges[next]
		next++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		if r.Method != want.method || r.RequestURI != want.path || want.body != "" && want.body != string(body) {
			t.Errorf("request %s %s %s, want %s %s %s", r.Method, r.RequestURI, body, want.method, want.path, want.body)
		}
		w.WriteHeader(want.status)
		_, _ = io.WriteString(w, want.answer)
	}))
	t.Cleanup(func() {
		server.Close()
		if next < len(exchanges) {
			t.Errorf("request %s %s was not made", exchanges[next].method, exchanges[next].path)
		}
	})
	return connect.New(server.URL+"/", server.Client())
}

func deadline(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

const (
	rebalance = `{"error_code":409,"message":"Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)"}`
	timedOut  = `{"error_code":500,"message":"Request timed out. The worker is currently ensuring membership in the cluster."}`
	html      = `<html><head><title>Error 404 Not Found</title></head></html>`
)

func TestReady(t *testing.T) {
	health := func(status int, answer string) exchange { return exchange{"GET", "/health", "", status, answer} }
	stranger := func(status int, answer string) exchange {
		return exchange{"GET", "/connectors/connectgate-no-such-connector", "", status, answer}
	}
	unknown := `{"error_code":404,"message":"HTTP 404 Not Found"}`
	tests := map[string]struct {
		exchanges []exchange
		want      string // part of the error; empty: ready
	}{
		"a worker from 3.9 that is healthy is ready": {
			[]exchange{health(200, `{"status":"healthy","message":"Worker has completed startup and is ready to handle requests."}`)}, "",
		},
		"a worker from 3.9 that starts is not": {
			[]exchange{health(503, `{"status":"starting","message":"Worker is still starting up."}`)}, "HTTP 503: Worker is still starting up.",
		},
		"an older worker is ready when it knows that a connector is unknown": {
			[]exchange{
				health(404, unknown),
				stranger(404, `{"error_code":404,"message":"Connector connectgate-no-such-connector not found"}`),
			}, "",
		},
		"an older worker whose resources are not loaded is not": {
			[]exchange{health(404, html), stranger(404, html)}, "HTTP 404: not found",
		},
		"an older worker in a rebalance is not, and is not asked again": {
			[]exchange{health(404, unknown), stranger(409, rebalance)}, "HTTP 409",
		},
		"an answer of something else is not": {
			[]exchange{health(404, unknown), stranger(200, html)}, "read answer",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := script(t, test.exchanges...).Ready(t.Context())
			expect(t, err, test.want)
		})
	}
}

// expect checks that the error says want, or is nil where want is empty.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("got error %v", err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("got error %v, want %q", err, want)
	}
}

func TestWorker(t *testing.T) {
	info, err := script(t, exchange{
		"GET", "/", "", 200, `{"version":"3.9.1","commit":"f745dfdcee2b9851","kafka_cluster_id":"4L6g3nShT-eMCtK--X86sw"}`,
	}).Worker(t.Context())
	expect(t, err, "")
	want := connect.Info{Version: "3.9.1", Commit: "f745dfdcee2b9851", ClusterID: "4L6g3nShT-eMCtK--X86sw"}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Error(diff)
	}
}

func TestPlugins(t *testing.T) {
	plugins, err := script(t, exchange{
		"GET", "/connector-plugins?connectorsOnly=false", "", 200,
		`[{"class":"io.debezium.connector.jdbc.JdbcSinkConnector","type":"sink","version":"3.0.7.Final"},
		  {"class":"org.apache.kafka.connect.json.JsonConverter","type":"converter"}]`,
	}).Plugins(t.Context())
	expect(t, err, "")
	want := []connect.Plugin{
		{Class: "io.debezium.connector.jdbc.JdbcSinkConnector", Type: "sink", Version: "3.0.7.Final"},
		{Class: "org.apache.kafka.connect.json.JsonConverter", Type: "converter"},
	}
	if diff := cmp.Diff(want, plugins); diff != "" {
		t.Error(diff)
	}
}

func TestValidate(t *testing.T) {
	answer, err := os.ReadFile("testdata/validate.json")
	expect(t, err, "")
	const class = "org.apache.kafka.connect.file.FileStreamSinkConnector"
	const path = "/connector-plugins/" + class + "/config/validate"

	t.Run("errors, known keys and defaults are kept apart", func(t *testing.T) {
		body := `{"connector.class":"` + class + `","name":"files","tasks.max":"none"}`
		got, err := script(t, exchange{"PUT", path, body, 200, string(answer)}).
			Validate(t.Context(), class, map[string]string{"name": "files", "tasks.max": "none"})
		expect(t, err, "")
		want := connect.Validation{
			Errors: []connect.ConfigError{
				{Key: "tasks.max", Message: "Invalid value none for configuration tasks.max: Not a number of type INT"},
				{Key: "topics", Message: "Must configure one of topics or topics.regex"},
				{Key: "undefined", Message: "undefined is referred in the dependents, but not defined."},
			},
			Known:    []string{"connector.class", "name", "tasks.max", "topics"},
			Defaults: map[string]string{"tasks.max": "1", "topics": ""},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a name is made up where there is none, and the configuration stays as it is", func(t *testing.T) {
		config := map[string]string{}
		_, err := script(t, exchange{"PUT", path, `{"connector.class":"` + class + `","name":"connectgate"}`, 200, `{}`}).
			Validate(t.Context(), class, config)
		expect(t, err, "")
		if len(config) != 0 {
			t.Errorf("the configuration became %v", config)
		}
	})
	t.Run("a plugin that breaks is an answer with its message on one line", func(t *testing.T) {
		_, err := script(t, exchange{"PUT", path, "", 500, `{"error_code":500,"message":"Failed to find\nany class \u001b[31m"}`}).
			Validate(t.Context(), class, nil)
		want := &connect.APIError{Status: 500, Message: `Failed to find any class \x1b[31m`, Method: "PUT", Path: path}
		got, _ := errors.AsType[*connect.APIError](err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPut(t *testing.T) {
	const path = "/connectors/a%2Fb%20%3F/config"
	put := func(status int, answer string) exchange {
		return exchange{"PUT", path, `{"topics":"t"}`, status, answer}
	}
	tests := map[string]struct {
		exchanges []exchange
		want      string
	}{
		"a new connector":             {[]exchange{put(201, `{}`)}, ""},
		"a changed one":               {[]exchange{put(200, `{}`)}, ""},
		"a rebalance is sat out":      {[]exchange{put(409, rebalance), put(409, rebalance), put(201, `{}`)}, ""},
		"a request that timed out is": {[]exchange{put(500, timedOut), put(201, `{}`)}, ""},
		"another 500 is not":          {[]exchange{put(500, `{"error_code":500,"message":"boom"}`)}, "PUT " + path + ": HTTP 500: boom"},
		"a refused configuration is an error": {
			[]exchange{put(400, `{"error_code":400,"message":"Connector configuration is invalid and contains the following 1 error(s):\nno"}`)},
			"HTTP 400: Connector configuration is invalid and contains the following 1 error(s): no",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := script(t, test.exchanges...).Put(t.Context(), "a/b ?", map[string]string{"topics": "t"})
			expect(t, err, test.want)
		})
	}
}

func TestCall_untilTheContextEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, rebalance)
	}))
	defer server.Close()
	_, err := connect.New(server.URL, server.Client()).Plugins(deadline(t, 200*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if answer, ok := errors.AsType[*connect.APIError](err); !ok || answer.Status != http.StatusConflict {
		t.Errorf("got %v, want the last answer with it", err)
	}
}

func TestCall_whileNothingListens(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	expect(t, err, "")
	address := listener.Addr().String()
	expect(t, listener.Close(), "")

	t.Run("the deadline ends it", func(t *testing.T) {
		_, err := connect.New("http://"+address, &http.Client{}).Worker(deadline(t, 150*time.Millisecond))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
	t.Run("it is asked again when it does", func(t *testing.T) {
		server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"version":"4.1.1"}`)
		})}
		defer func() { _ = server.Close() }()
		ctx := deadline(t, 10*time.Second)
		time.AfterFunc(100*time.Millisecond, func() {
			late, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
			if err == nil {
				_ = server.Serve(late)
			}
		})
		info, err := connect.New("http://"+address, &http.Client{}).Worker(ctx)
		expect(t, err, "")
		if info.Version != "4.1.1" {
			t.Errorf("got %+v", info)
		}
	})
	t.Run("the status is asked for once", func(t *testing.T) {
		_, err := connect.New("http://127.0.0.1:1", &http.Client{}).Status(t.Context(), "x")
		expect(t, err, "connection refused")
	})
}

func TestCall_answersThatAreNone(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   string
	}{
		"not JSON":       {html, "read answer to GET /"},
		"cut off":        {`{"version":"3.`, "read answer to GET /"},
		"without an end": {`{"version":"` + strings.Repeat("3", 5<<20) + `"}`, "read answer to GET /: it is longer than 4 MiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := script(t, exchange{"GET", "/", "", 200, test.answer}).Worker(t.Context())
			expect(t, err, test.want)
		})
	}
	t.Run("an address that is none", func(t *testing.T) {
		_, err := connect.New("http://a b:8083", &http.Client{}).Worker(t.Context())
		expect(t, err, "ask worker")
	})
	t.Run("a body that ends early", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{`)
		}))
		defer server.Close()
		_, err := connect.New(server.URL, server.Client()).Worker(t.Context())
		expect(t, err, "unexpected EOF")
	})
}

func TestStatus(t *testing.T) {
	status := func(code int, answer string) exchange {
		return exchange{"GET", "/connectors/files/status", "", code, answer}
	}
	t.Run("states, workers, traces and versions are read", func(t *testing.T) {
		got, err := script(t, status(200, `{"name":"files","type":"sink",
			"connector":{"state":"RUNNING","worker_id":"head:8083","version":"4.1.1"},
			"tasks":[{"id":0,"state":"FAILED","worker_id":"head:8083","trace":"java.lang.Boom","version":"4.1.1"}]}`)).
			Status(t.Context(), "files")
		expect(t, err, "")
		want := connect.Status{
			Connector: connect.State{State: "RUNNING", WorkerID: "head:8083", Version: "4.1.1"},
			Tasks:     []connect.Task{{ID: 0, State: "FAILED", WorkerID: "head:8083", Trace: "java.lang.Boom", Version: "4.1.1"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a connector without a status yet is starting", func(t *testing.T) {
		got, err := script(t, status(404, `{"error_code":404,"message":"No status found for connector files"}`)).
			Status(t.Context(), "files")
		expect(t, err, "")
		if diff := cmp.Diff(connect.Status{}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("another 404 is an error", func(t *testing.T) {
		_, err := script(t, status(404, html)).Status(t.Context(), "files")
		expect(t, err, "HTTP 404")
	})
}

func TestStatus_allRunningAndFailed(t *testing.T) {
	tests := map[string]struct {
		status      string
		running     bool
		part, trace string // of the failure; empty: none
	}{
		"everything runs": {
			`{"connector":{"state":"RUNNING","worker_id":"w:1"},"tasks":[{"id":0,"state":"RUNNING","worker_id":"w:1"}]}`, true, "", "",
		},
		"no task is starting": {`{"connector":{"state":"RUNNING","worker_id":"w:1"},"tasks":[]}`, false, "", ""},
		"nothing is reported": {`{}`, false, "", ""},
		"a task is not assigned": {
			`{"connector":{"state":"RUNNING","worker_id":"w:1"},"tasks":[{"id":0,"state":"UNASSIGNED","worker_id":"w:1"}]}`, false, "", "",
		},
		"a task still shows the worker before": {
			`{"connector":{"state":"RUNNING","worker_id":"w:1"},"tasks":[{"id":0,"state":"RUNNING","worker_id":"old:1"}]}`, false, "", "",
		},
		"the connector still shows the worker before": {
			`{"connector":{"state":"RUNNING","worker_id":"old:1"},"tasks":[{"id":0,"state":"RUNNING","worker_id":"w:1"}]}`, false, "", "",
		},
		"the connector failed": {
			`{"connector":{"state":"FAILED","worker_id":"w:1","trace":"boom"},"tasks":[]}`, false, "connector", "boom",
		},
		"the second task failed, without a cause": {
			`{"connector":{"state":"RUNNING","worker_id":"w:1"},"tasks":[{"id":0,"state":"RUNNING","worker_id":"w:1"},{"id":1,"state":"FAILED","worker_id":"w:1"}]}`,
			false, "task 1", "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var status connect.Status
			expect(t, json.Unmarshal([]byte(test.status), &status), "")
			if got := status.AllRunning("w:1"); got != test.running {
				t.Errorf("AllRunning is %t, want %t", got, test.running)
			}
			part, trace, failed := status.Failed()
			if failed != (test.part != "") || part != test.part || trace != test.trace {
				t.Errorf("Failed is %q, %q, %t, want %q, %q", part, trace, failed, test.part, test.trace)
			}
		})
	}
}
