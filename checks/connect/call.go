package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	answerBytes  = 4 << 20 // the longest answer that is read
	messageRunes = 2000    // the longest message that is kept of an answer
)

// APIError is an answer other than 2xx.
type APIError struct {
	Status       int    // HTTP status
	Message      string // Connect's own, on one line; the status' words where the body is not Connect's
	Method, Path string
}

// Error is one line. It may quote configuration values: redact before showing.
func (e *APIError) Error() string {
	return fmt.Sprintf("%s %s: HTTP %d: %s", e.Method, e.Path, e.Status, e.Message)
}

// temporary says whether the same request may be answered otherwise in a moment. 409 is
// always a rebalance here: only POST, which is not used, answers it for a name that exists.
func (e *APIError) temporary() bool {
	return e.Status == http.StatusConflict ||
		e.Status == http.StatusInternalServerError && strings.HasPrefix(e.Message, "Request timed out")
}

// call asks until there is an answer that lasts, or until the context ends; the error
// then also wraps the last answer.
func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	var last error
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := c.once(ctx, method, path, body, answer)
		if err != nil && ctx.Err() != nil && last != nil {
			return fmt.Errorf("%w, after %w", context.Cause(ctx), last)
		}
		if !temporary(err) {
			return err
		}
		last = err
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

func temporary(err error) bool {
	answer, ok := errors.AsType[*APIError](err)
	return ok && answer.temporary() || errors.Is(err, syscall.ECONNREFUSED)
}

// once asks once. answer is nil where only the status counts.
func (c *Client) once(ctx context.Context, method, path string, body, answer any) error {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("ask worker: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask worker: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // everything of use is read by then
	content, err := io.ReadAll(io.LimitReader(response.Body, answerBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("read answer to %s %s: %w", method, path, err)
	case len(content) > answerBytes:
		return fmt.Errorf("read answer to %s %s: it is longer than %d MiB", method, path, answerBytes>>20)
	case response.StatusCode/100 != 2:
		return apiError(response.StatusCode, content, method, path)
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("read answer to %s %s: %w", method, path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

func apiError(status int, content []byte, method, path string) *APIError {
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(content, &body) != nil || body.Message == "" {
		body.Message = strings.ToLower(http.StatusText(status))
	}
	return &APIError{Status: status, Message: printable(body.Message, messageRunes), Method: method, Path: path}
}

func isAPIError(err error, status int) bool {
	answer, ok := errors.AsType[*APIError](err)
	return ok && answer.Status == status
}
