package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// readYAML reads every document of a YAML file. Documents are nil where a
// finding says why.
func (c *converter) readYAML(data []byte) []*document {
	if at, r, found := unprintable(data); found {
		c.report(idSyntax, at, fmt.Sprintf("the file contains the character %U", r),
			"remove it, or write it as an escape in double quotes")
		return nil
	}
	c.data = data
	var documents []*document
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents
		}
		if err != nil {
			at, message := yamlError(data, err)
			c.report(idSyntax, at, message, "correct the YAML; indentation, colons and quotes are the usual causes")
			return nil
		}
		if root := c.yamlValue(&node, 0); root != nil {
			documents = append(documents, &document{file: c.file, root: root})
		}
	}
}

// yamlValue converts a node; nil where it could not be.
func (c *converter) yamlValue(node *yaml.Node, depth int) *value {
	at := place{node.Line, node.Column}
	switch node.Kind {
	case yaml.DocumentNode:
		return c.yamlValue(node.Content[0], depth)
	case yaml.AliasNode:
		return c.yamlValue(node.Alias, depth)
	case yaml.MappingNode, yaml.SequenceNode, yaml.ScalarNode:
	}
	if !c.admit(at, depth) {
		return nil
	}
	if node.Style&yaml.TaggedStyle != 0 && node.Tag != "!!str" {
		c.report(idSyntax, at, fmt.Sprintf("the tag %s is not read", quoted("", node.Tag)), "remove the tag")
		return nil
	}
	switch node.Kind {
	case yaml.MappingNode:
		return c.yamlObject(node, depth)
	case yaml.SequenceNode:
		return c.yamlList(node, depth)
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode:
	}
	converted := &value{place: c.afterProperties(node), kind: text, text: node.Value}
	if node.Style == 0 {
		converted.kind = plainKind(node.Value)
	}
	return converted
}

// properties are the anchor and the tag before a scalar on its line.
var properties = regexp.MustCompile(`^(?:[&!][^ \t]*[ \t]+)+`)

// afterProperties is where a scalar itself begins; the parser counts its anchor
// and its tag as part of it.
func (c *converter) afterProperties(node *yaml.Node) place {
	at := place{node.Line, node.Column}
	if node.Anchor == "" && node.Style&yaml.TaggedStyle == 0 {
		return at
	}
	line := []rune(strings.Split(string(c.data), "\n")[at.line-1])
	at.column += utf8.RuneCountInString(properties.FindString(string(line[at.column-1:])))
	return at
}

func (c *converter) yamlList(node *yaml.Node, depth int) *value {
	converted := &value{place: place{node.Line, node.Column}, kind: list}
	for _, item := range node.Content {
		if v := c.yamlValue(item, depth+1); v != nil {
			converted.items = append(converted.items, v)
		}
	}
	return converted
}

func (c *converter) yamlObject(node *yaml.Node, depth int) *value {
	fields := make([]field, 0, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if !c.yamlKey(key) {
			continue
		}
		if v := c.yamlValue(node.Content[i+1], depth+1); v != nil {
			fields = append(fields, field{place{key.Line, key.Column}, key.Value, v})
		}
	}
	return c.object(place{node.Line, node.Column}, fields)
}

// yamlKey says whether a key is one that is read: a scalar, and no merge.
func (c *converter) yamlKey(key *yaml.Node) bool {
	at := place{key.Line, key.Column}
	switch {
	case key.Kind != yaml.ScalarNode:
		c.report(idSyntax, at, "a key is not plain text", "write the key as text")
	case key.Value == "<<" && key.Style == 0:
		c.report(idSyntax, at, "merge keys (<<) are not read", "write the merged fields out")
	default:
		return true
	}
	return false
}

// unprintable finds the first character that YAML does not allow, or that it may
// or may not take for a line break: positions would be off after it.
func unprintable(data []byte) (at place, r rune, found bool) {
	at = place{1, 0}
	for i, r := range string(data) {
		at.column++
		switch {
		case r == '\n':
			at = place{at.line + 1, 0}
		case r == '\r' && i+1 < len(data) && data[i+1] == '\n', r == '\t':
		case r < ' ', r >= 0x7F && r < 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
			return at, r, true
		}
	}
	return at, 0, false
}

var (
	yamlLine   = regexp.MustCompile(`^yaml: line ([0-9]+): `)
	yamlAnchor = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced`)
)

// yamlError finds out where the parser stopped. It names a line or an anchor, but
// no column: the first character of the line that is no space stands for it.
func yamlError(data []byte, err error) (at place, message string) {
	lines := strings.Split(string(data), "\n")
	number := 1
	if match := yamlLine.FindStringSubmatch(err.Error()); match != nil {
		number, _ = strconv.Atoi(match[1]) // digits by the expression
	}
	if match := yamlAnchor.FindStringSubmatch(err.Error()); match != nil {
		before, _, _ := strings.Cut(string(data), "*"+match[1])
		number = strings.Count(before, "\n") + 1
	}
	number = max(1, min(number, len(lines)))
	line := lines[number-1]
	column := len(line) - len(strings.TrimLeft(line, " ")) + 1
	message = strings.TrimPrefix(yamlLine.ReplaceAllString(err.Error(), ""), "yaml: ")
	return place{number, column}, "not valid YAML: " + message
}
