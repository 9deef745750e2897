package release

import (
	"regexp"
	"strings"
)

// masked stands for a value that is not shown.
const masked = "••••"

const secretWords = `passw(?:or)?d|passphrase|pwd|secret|token|jaas|credential|` +
	`api[._-]?key|access[._-]?key|account[._-]?key|private[._-]?key|shared[._-]?key|keystore[._-]?key|user[._-]?info`

var (
	secretKey = regexp.MustCompile(`(?i)` + secretWords)
	// references are what config providers resolve: ${provider:key} and ${provider:path:key}.
	references = regexp.MustCompile(`^(?:[\s,;]*\$\{[A-Za-z][\w.-]*:[^}]*\})+$`)

	urlUser = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@"']+(@)`)
	bearer  = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}`)
	pem     = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
	// assignment is key=value and key: value, each side bare or quoted.
	assignment = regexp.MustCompile(`(?i)([\w.-]*(?:` + secretWords + `)[\w.-]*["']?\s*[=:]\s*)` +
		`("(?:[^"\\]|\\.)*"?|'[^']*'?|\$\{[^}]*\}|[^\s,;&"'}\])]+)`)
)

// Redact masks the credentials in free text, such as a log line: user information
// in addresses, values assigned to secret-like keys, bearer tokens and private
// keys. References to a config provider stay visible.
func Redact(text string) string {
	text = pem.ReplaceAllString(text, masked)
	text = urlUser.ReplaceAllString(text, "${1}"+masked+"${2}")
	text = bearer.ReplaceAllString(text, "${1}"+masked)
	return assignment.ReplaceAllStringFunc(text, func(found string) string {
		parts := assignment.FindStringSubmatch(found)
		if references.MatchString(strings.Trim(parts[2], `"'`)) {
			return found
		}
		return parts[1] + masked
	})
}

// Redacted is the value of an RFC 6901 pointer as any output may show it: masked
// where its key is secret-like or where it stands for a secret in a trial, and
// without credentials elsewhere. A reference such as ${file:/path:key} stays.
func (r *Release) Redacted(pointer, value string) string { return redactValue(pointer, value) }

func redactValue(pointer, value string) string {
	key := pointer[strings.LastIndexByte(pointer, '/')+1:]
	secret := secretKey.MatchString(key) || strings.HasPrefix(pointer, "/spec/trial/secrets/")
	switch {
	case value == "" || references.MatchString(value):
		return value
	case secret:
		return masked
	default:
		return Redact(value)
	}
}
