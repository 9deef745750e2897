package release

import (
	"testing"
	"time"
)

func TestDuration_text(t *testing.T) {
	tests := map[string]struct {
		want    time.Duration
		written string
	}{
		"168h": {168 * time.Hour, "168h"}, "7d": {168 * time.Hour, "168h"}, "1w": {168 * time.Hour, "168h"},
		"1d12h": {36 * time.Hour, "36h"}, "90m": {90 * time.Minute, "90m"}, "61s": {61 * time.Second, "61s"},
		"1500ms": {1500 * time.Millisecond, "1500ms"}, "0s": {0, "0s"}, "unlimited": {time.Duration(Unlimited), "unlimited"},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			var got Duration
			if err := got.UnmarshalText([]byte(text)); err != nil || got != Duration(test.want) {
				t.Errorf("reads as %v, %v, want %v", got, err, test.want)
			}
			if written, err := got.MarshalText(); err != nil || string(written) != test.written {
				t.Errorf("writes %q, %v, want %q", written, err, test.written)
			}
		})
	}
	for _, text := range []string{"", "7", "h", "-1h", "1.5h", "7 d", "1h ", "999999999w", "200000d200000d", "99999999999999999999h"} {
		t.Run(text+" is refused", func(t *testing.T) {
			if err := new(Duration).UnmarshalText([]byte(text)); err == nil {
				t.Error("there is no error")
			}
		})
	}
}

func TestSize_text(t *testing.T) {
	tests := map[string]struct {
		want    Size
		written string
	}{
		"2Gi": {2 << 30, "2Gi"}, "512Mi": {512 << 20, "512Mi"}, "2048Mi": {2 << 30, "2Gi"}, "1Ki": {1 << 10, "1Ki"},
		"1Ti": {1 << 40, "1Ti"}, "100MB": {1e8, "100000000"}, "1kB": {1000, "1000"}, "1GB": {1e9, "1000000000"}, "0": {0, "0"}, "1025": {1025, "1025"},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			var got Size
			if err := got.UnmarshalText([]byte(text)); err != nil || got != test.want {
				t.Errorf("reads as %d, %v, want %d", got, err, test.want)
			}
			if written, err := got.MarshalText(); err != nil || string(written) != test.written {
				t.Errorf("writes %q, %v, want %q", written, err, test.written)
			}
		})
	}
	for _, text := range []string{"", "Gi", "-1", "1.5Gi", "2 Gi", "2gi", "99999999Ti", "9223372036854775808"} {
		t.Run(text+" is refused", func(t *testing.T) {
			if err := new(Size).UnmarshalText([]byte(text)); err == nil {
				t.Error("there is no error")
			}
		})
	}
}
