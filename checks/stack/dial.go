package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/moby/moby/api/types/container"
)

// addresses are where a container may be reached: by its address in the
// internal network, and where there is no way there, by a mapped port.
type addresses struct {
	internal netip.Addr
	mapped   map[int]string // container port -> host:port
}

// dialTimeout is for one try: an address without a route may never answer.
const dialTimeout = 2 * time.Second

// addresses reads where a container of the stack may be reached. One that has
// already ended has no address, and nothing answers there.
func (s *Stack) addresses(settings *container.NetworkSettings) addresses {
	found := addresses{mapped: map[int]string{}}
	if endpoint := settings.Networks[s.internal.name]; endpoint != nil {
		found.internal = endpoint.IPAddress
	}
	for port, bindings := range settings.Ports {
		if len(bindings) > 0 {
			found.mapped[int(port.Num())] = net.JoinHostPort("localhost", bindings[0].HostPort)
		}
	}
	return found
}

// Dial connects to a port of the container, 1 to 65535, by the container's
// address, and where no answer comes from there by the port it is mapped to.
func (c *Container) Dial(ctx context.Context, port int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(c.addresses.internal.String(), strconv.Itoa(port)))
	if mapped, known := c.addresses.mapped[port]; err != nil && known && !errors.Is(err, syscall.ECONNREFUSED) {
		connection, err = dialer.DialContext(ctx, "tcp", mapped)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to port %d of %s: %w", port, c.Name, err)
	}
	return connection, nil
}

// HTTPClient reaches the container whatever host a URL names; the URL's port is
// the container's. It uses no proxy, and no timeout but the request's context.
// It is one client, however often it is asked for.
func (c *Container) HTTPClient() *http.Client { return c.http }

func (c *Container) dialHTTP(ctx context.Context, _, address string) (net.Conn, error) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("read port of %s: %w", address, err)
	}
	return c.Dial(ctx, port)
}
