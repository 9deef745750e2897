package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/policy/release"
)

// errRedirect ends a redirect that is not allowed.
var errRedirect = errors.New("it redirects")

const maxRedirects = 5

// repositories are those that may be asked for p: all configured ones, or the
// one that p names.
func (o Origin) repositories(p release.Plugin) ([]string, error) {
	if p.Repository == "" {
		return o.Repositories, nil
	}
	for _, repository := range o.Repositories {
		if strings.TrimRight(repository, "/") == strings.TrimRight(p.Repository, "/") {
			return []string{repository}, nil
		}
	}
	return nil, &RefusedError{Name: p.Maven, Reason: fmt.Sprintf(
		"repository %s is not allowed; add it to plugins.repositories in %s on the target branch", display(p.Repository), release.ConfigFile)}
}

// url downloads from a host that is allowed.
func (o Origin) url(ctx context.Context, p release.Plugin) (*Archive, error) {
	address, err := url.Parse(p.URL)
	name := display(p.URL)
	switch {
	case err != nil, address.Host == "", address.Scheme != "https" && address.Scheme != "http":
		return nil, &RefusedError{Name: name, Reason: "write an absolute http or https URL"}
	case address.User != nil:
		return nil, &RefusedError{Name: name, Reason: "take the credentials out of the URL"}
	case !allows(o.Hosts, address):
		return nil, &RefusedError{Name: name, Reason: fmt.Sprintf(
			"host %s is not allowed; add it to plugins.hosts in %s on the target branch", address.Host, release.ConfigFile)}
	}
	wanted := want{name: name, file: path.Base(address.Path), sha256: p.SHA256}
	base, _, _ := strings.Cut(p.URL, "#")
	return o.download(ctx, wanted, []string{base}, "")
}

// download takes an archive with a known checksum from the cache, anything else
// from the first base URL that has it. One that does not answer ends the search:
// it may be the one that has it.
func (o Origin) download(ctx context.Context, wanted want, bases []string, below string) (*Archive, error) {
	if wanted.sha256 != "" && o.Cache != "" {
		if archive, err := wanted.inPlace(filepath.Join(o.Cache, filepath.Base(wanted.sha256))); err == nil {
			return archive, nil
		}
	}
	missing := &MissingError{Name: wanted.name}
	if o.Local != "" && below != "" {
		missing.Looked = append(missing.Looked, o.Local)
	}
	for _, base := range bases {
		archive, err := o.get(ctx, wanted, join(base, below))
		if !errors.Is(err, fs.ErrNotExist) {
			return archive, err
		}
		missing.Looked = append(missing.Looked, display(base))
	}
	return nil, missing
}

// get makes one request; fs.ErrNotExist says that there is no such archive.
func (o Origin) get(ctx context.Context, wanted want, address string) (*Archive, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("download plugin %s: %w", wanted.name, withoutURL(err))
	}
	request.Header.Set("Accept-Encoding", "identity") // the checksum is of the file, not of what a proxy made of it
	response, err := o.client().Do(request)
	switch {
	case errors.Is(err, errRedirect):
		return nil, &RefusedError{Name: wanted.name, Reason: withoutURL(err).Error()}
	case err != nil:
		return nil, fmt.Errorf("download plugin %s from %s: %w", wanted.name, display(address), withoutURL(err))
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return wanted.keep(response.Body, o.Cache, display(address))
	case http.StatusNotFound, http.StatusGone:
		return nil, fs.ErrNotExist
	}
	return nil, fmt.Errorf("download plugin %s from %s: it answered %d", wanted.name, display(address), response.StatusCode)
}

// client follows redirects to allowed hosts only, and never from https to http.
func (o Origin) client() *http.Client {
	client := &http.Client{}
	if o.Client != nil {
		*client = *o.Client
	}
	allowed := slices.Concat(o.Hosts, hosts(o.Repositories))
	client.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("it redirects more than %d times", maxRedirects)
		case via[0].URL.Scheme == "https" && request.URL.Scheme != "https":
			return fmt.Errorf("%w from https to %s; use a server that stays with https", errRedirect, request.URL.Scheme)
		case !allows(allowed, request.URL):
			return fmt.Errorf("%w to host %s, which is not allowed; add it to plugins.hosts in %s on the target branch",
				errRedirect, request.URL.Host, release.ConfigFile)
		}
		return nil
	}
	return client
}

func hosts(addresses []string) []string {
	var hosts []string
	for _, address := range addresses {
		if parsed, err := url.Parse(address); err == nil {
			hosts = append(hosts, host(parsed))
		}
	}
	return hosts
}

// allows compares hosts with their ports; a port may be left out where it is the
// scheme's own.
func allows(hosts []string, address *url.URL) bool {
	return slices.ContainsFunc(hosts, func(allowed string) bool {
		return strings.EqualFold(allowed, host(address)) || strings.EqualFold(allowed, address.Host)
	})
}

// host is the address's host, with its port unless it is the scheme's own.
func host(address *url.URL) string {
	if port := address.Port(); port == "443" && address.Scheme == "https" || port == "80" && address.Scheme == "http" {
		return address.Hostname()
	}
	return address.Host
}

// join puts a path below a base URL.
func join(base, below string) string {
	if below == "" {
		return base
	}
	return strings.TrimRight(base, "/") + "/" + below
}

// display is a URL as messages may show it: without user, password and query,
// which may hold a token.
func display(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "a URL that cannot be read"
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	return parsed.String()
}

// withoutURL takes net/http's own mention of the URL, with its query, out of an error.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
