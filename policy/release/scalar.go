package release

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Text is a scalar as the file writes it, without quotes: 1.10 stays "1.10",
// 0755 stays "0755" and true is "true". Empty: not stated.
type Text string

// Duration is a span of time, written as 168h, 7d, 1d12h, 30m or 500ms, or
// [Unlimited]. Zero: not stated.
type Duration time.Duration

// Unlimited is the duration that is written "unlimited", for topics that keep
// their records for ever.
const Unlimited = Duration(math.MaxInt64)

const unlimitedText = "unlimited"

var durationPart = regexp.MustCompile(`^([0-9]+)(ms|s|m|h|d|w)`)

func durationUnit(suffix string) time.Duration {
	switch suffix {
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	case "d":
		return 24 * time.Hour
	default: // w: durationPart has no other
		return 7 * 24 * time.Hour
	}
}

// UnmarshalText reads whole numbers with the units ms, s, m, h, d (24 h) and w
// (7 d), one after the other. It returns an error for anything else and for more
// than 292 years.
func (d *Duration) UnmarshalText(text []byte) error {
	if string(text) == unlimitedText {
		*d = Unlimited
		return nil
	}
	rest, total := string(text), int64(0)
	for first := true; first || rest != ""; first = false {
		part := durationPart.FindStringSubmatch(rest)
		if part == nil {
			return fmt.Errorf("read duration %q: write whole numbers with units, such as 72h, 7d or 30m", text)
		}
		span, ok := times(part[1], int64(durationUnit(part[2])))
		if total += span; !ok || total < 0 {
			return fmt.Errorf("read duration %q: longer than 292 years; write %q for no limit", text, unlimitedText)
		}
		rest = rest[len(part[0]):]
	}
	*d = Duration(total)
	return nil
}

// MarshalText writes the duration in the largest unit up to hours that it is a
// whole number of: "168h", "90m", "0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is what MarshalText writes.
func (d Duration) String() string {
	switch span := time.Duration(d); {
	case d == Unlimited:
		return unlimitedText
	case span == 0:
		return "0s"
	case span%time.Hour == 0:
		return strconv.FormatInt(int64(span/time.Hour), 10) + "h"
	case span%time.Minute == 0:
		return strconv.FormatInt(int64(span/time.Minute), 10) + "m"
	case span%time.Second == 0:
		return strconv.FormatInt(int64(span/time.Second), 10) + "s"
	default:
		return strconv.FormatInt(span.Milliseconds(), 10) + "ms"
	}
}

// Size is a number of bytes, written as 2Gi, 512Mi, 100MB or plain bytes.
// Zero: not stated.
type Size int64

type sizeUnit struct {
	suffix string
	bytes  int64
}

// binaryUnits are sorted from the largest.
func binaryUnits() []sizeUnit {
	return []sizeUnit{{"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}}
}

// decimalUnits end with the one that has no suffix.
func decimalUnits() []sizeUnit {
	return []sizeUnit{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"", 1}}
}

// UnmarshalText reads a whole number with one of the units Ki, Mi, Gi, Ti (powers
// of 1024), kB, MB, GB, TB (powers of 1000), or none. It returns an error for
// anything else and for more than 8 EiB.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range append(binaryUnits(), decimalUnits()...) {
		digits, found := strings.CutSuffix(string(text), unit.suffix)
		if !found {
			continue
		}
		bytes, ok := times(digits, unit.bytes)
		if !ok {
			break
		}
		*s = Size(bytes)
		return nil
	}
	return fmt.Errorf("read size %q: write a whole number with a unit, such as 512Mi, 2Gi or 100MB", text)
}

// MarshalText writes the size in the largest binary unit that it is a whole
// number of: "2Gi", "1000".
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is what MarshalText writes.
func (s Size) String() string {
	for _, unit := range binaryUnits() {
		if s != 0 && int64(s)%unit.bytes == 0 {
			return strconv.FormatInt(int64(s)/unit.bytes, 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// times multiplies decimal digits; ok is false where they are none, or too many.
func times(digits string, unit int64) (product int64, ok bool) {
	number, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(number) > math.MaxInt64/unit {
		return 0, false
	}
	return int64(number) * unit, true
}
