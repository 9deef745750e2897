// Package plugin finds the plugin archives that a release declares, verifies
// their bytes and unpacks them into tar streams. It does not look into jars and
// does not decide whether a plugin must be pinned.
package plugin

import (
	"fmt"
	"strings"
)

// Archive is a plugin's verified bytes. They are not changed after Fetch, so an
// Archive is safe for concurrent use.
type Archive struct {
	Name   string // Maven coordinates, URL without credentials, or path in the tree
	File   string // base name of the file, which decides its format
	Digest string // sha256:<64 hex>

	path string // where the bytes lie on this machine
}

// MissingError says that an archive is in none of the places that may have it.
// It is a finding: the release names something that does not exist.
type MissingError struct {
	Name   string
	Looked []string // where, in order, without credentials
}

// Error names the archive, the places, and what to do.
func (e *MissingError) Error() string {
	return fmt.Sprintf("plugin %q is missing; looked in: %s; correct its name or make it available there", e.Name, strings.Join(e.Looked, ", "))
}

// RefusedError says that an archive may not come from where the release wants
// it from. It is a finding.
type RefusedError struct {
	Name   string
	Reason string // says what to change
}

// Error names the archive and the reason.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("plugin %q is refused: %s", e.Name, e.Reason)
}

// ChecksumError says that an archive's bytes are not the declared ones. It is a
// finding; nothing was unpacked.
type ChecksumError struct {
	Name  string
	Where string // what served the bytes, without credentials
	Want  string // 64 hex digits, as declared
	Got   string // 64 hex digits
}

// Error shows both checksums.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("plugin %q from %s has sha256 %s, declared is %s; find out who changed the bytes before you change the checksum",
		e.Name, e.Where, e.Got, e.Want)
}

// ArchiveError says that an archive must not or cannot be unpacked. It is a finding.
type ArchiveError struct {
	Name  string
	Entry string // as the archive spells it; empty: the archive as a whole
	Msg   string
}

// Error names the archive and, where there is one, the entry with its control
// characters escaped.
func (e *ArchiveError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("plugin %q: %s", e.Name, e.Msg)
	}
	return fmt.Sprintf("plugin %q: entry %.200q %s", e.Name, e.Entry, e.Msg)
}
