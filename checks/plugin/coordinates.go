package plugin

import (
	"path"
	"regexp"
	"strings"
)

// coordinates name an artifact of a Maven repository.
type coordinates struct {
	group, artifact, version string
	classifier               string // empty: the main artifact
	extension                string
}

// coordinatesPattern is group:artifact:version[:classifier][@extension]. Parts
// hold no slash, and none begins with a dot, so that none leaves its folder.
var coordinatesPattern = regexp.MustCompile(
	`^` + coordinatesPart + `:` + coordinatesPart + `:` + coordinatesPart + `(?::` + coordinatesPart + `)?(?:@` + coordinatesPart + `)?$`)

const coordinatesPart = `([A-Za-z0-9_][A-Za-z0-9_.+-]*)`

func parseCoordinates(text string) (coordinates, bool) {
	parts := coordinatesPattern.FindStringSubmatch(text)
	if parts == nil || strings.Contains(text, "..") {
		return coordinates{}, false
	}
	c := coordinates{group: parts[1], artifact: parts[2], version: parts[3], classifier: parts[4], extension: parts[5]}
	if c.extension == "" {
		c.extension = "jar"
	}
	return c, true
}

// path is where every repository keeps the artifact, local ones too: Maven's
// default layout.
func (c coordinates) path() string {
	return path.Join(strings.ReplaceAll(c.group, ".", "/"), c.artifact, c.version, c.file())
}

func (c coordinates) file() string {
	name := c.artifact + "-" + c.version
	if c.classifier != "" {
		name += "-" + c.classifier
	}
	return name + "." + c.extension
}
