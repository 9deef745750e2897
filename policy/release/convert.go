package release

import (
	"fmt"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// The limits of a document. Nodes are counted with aliases expanded.
const (
	maxFile  = 1 << 20 // bytes
	maxNodes = 50_000
	maxDepth = 64
)

// converter builds the values of one file and collects what is wrong with it.
// The node and depth limits end it at once: everything below is left out.
type converter struct {
	file     string
	data     []byte // of a YAML file
	nodes    int
	over     bool // a limit was exceeded and reported
	findings []scorecard.Finding
}

func (c *converter) report(id string, at place, message, remedy string) {
	position := scorecard.Position{File: c.file, Line: at.line, Column: at.column}
	c.findings = append(c.findings, newFinding(id, position, message, remedy))
}

// admit counts a node and says whether it may be built.
func (c *converter) admit(at place, depth int) bool {
	c.nodes++
	switch {
	case c.over:
		return false
	case depth > maxDepth:
		c.report(idTooLarge, at, fmt.Sprintf("values are nested more than %d deep", maxDepth), "flatten the file")
	case c.nodes > maxNodes:
		c.report(idTooLarge, at, fmt.Sprintf("the file has more than %d values, with aliases expanded", maxNodes),
			"split the file, or write out what its aliases repeat")
	default:
		return true
	}
	c.over = true
	return false
}

// object builds an object from its fields and reports names that occur twice.
func (c *converter) object(at place, fields []field) *value {
	seen := make(map[string]place, len(fields))
	for _, f := range fields {
		if first, twice := seen[f.name]; twice {
			c.report(idDuplicateKey, f.place,
				fmt.Sprintf("%s is already set at line %d", quoted("", f.name), first.line), "keep one of the two")
			continue
		}
		seen[f.name] = f.place
	}
	return &value{place: at, kind: object, fields: fields}
}
