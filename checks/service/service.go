// Package service runs the databases that connectors write to and read from, and reads
// back what they hold. It judges nothing: package checks compares.
package service

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
)

// The limits of a capture. What lies behind them is said in Table.Truncated.
const (
	maxRows   = 10_000   // of a table
	maxTables = 200      // of a database
	maxBytes  = 64 << 20 // of the values of a table
)

// Spec is a database to start.
type Spec struct {
	Name  string // its name in the network
	Image stack.Image
	// Env is the container's environment. The credentials are taken from it as the
	// official images of the system do, then from the image, then their defaults.
	Env map[string]string
	// Init are run in order once the database answers.
	Init []Script
	// System names the database system; an empty System.System is PostgreSQL.
	System  release.System
	Timeout time.Duration // until it answers; 0: 1 minute
}

// Script is a file of SQL statements, all run as one transaction unless they say otherwise.
type Script struct {
	Name string // path of the file, for messages
	SQL  string
}

// ScriptError says that the database refused SQL of the release, an init script or a
// query: a finding, not an inability to tell.
type ScriptError struct {
	File    string // the script's name; empty for a query
	Line    int    // of the failing statement; 0: the database did not say
	Message string // the database's own
}

// Error is file:line: message, leaving out what is not known.
func (e *ScriptError) Error() string {
	switch {
	case e.File == "" && e.Line == 0:
		return e.Message
	case e.File == "":
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	default:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
}

// Table is a table or the result of a query, in a deterministic order for a table and in
// the query's own for a query.
type Table struct {
	Name    string // schema.table; empty for a query
	Columns []Column
	Rows    [][]Value // each as long as Columns
	// Truncated says that there are rows which are not in Rows: more than 10,000, more
	// than 64 MiB, or any at all in a table after the 200th.
	Truncated bool
}

// Column is a column with its type in the database's words, such as numeric(10,2).
type Column struct{ Name, Type string }

// Value is a value as the database prints it. Null is told from an empty text.
type Value struct {
	Text string
	Null bool
}

// Database is a running database. It holds no connection and is safe for concurrent
// use; its container belongs to the stack.
type Database struct {
	container *stack.Container
	open      func(context.Context) (session, error)
}

// Container is where the database runs, for its log and the time it took to start.
func (d *Database) Container() *stack.Container { return d.container }

// Query runs one statement that only reads, and returns its rows in their order. It
// returns *ScriptError where the database refuses it.
func (d *Database) Query(ctx context.Context, sql string) (Table, error) {
	session, err := d.open(ctx)
	if err != nil {
		return Table{}, fmt.Errorf("query database %s: %w", d.container.Name, err)
	}
	defer session.close(ctx)
	table, err := session.query(ctx, sql)
	if err != nil {
		return Table{}, fmt.Errorf("query database %s: %w", d.container.Name, err)
	}
	return table, nil
}

// Tables reads every table that is not the system's own, declared or not, at one point
// in time, sorted by name. Tables after the 200th have a name and nothing else, and are
// Truncated.
func (d *Database) Tables(ctx context.Context) ([]Table, error) {
	session, err := d.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("read database %s: %w", d.container.Name, err)
	}
	defer session.close(ctx)
	tables, err := session.tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("read database %s: %w", d.container.Name, err)
	}
	return tables, nil
}

// system is a kind of database: to add one, write its file and name it in systems.
type system struct {
	names []string // as manifests say it, in lower case, the usual one first
	port  int
	// connect opens a session; dial ignores no context and knows the address.
	connect func(ctx context.Context, dial dial, env map[string]string) (session, error)
}

// session is a connection to one database. It is used by one goroutine.
type session interface {
	run(ctx context.Context, script Script) error
	query(ctx context.Context, sql string) (Table, error)
	tables(ctx context.Context) ([]Table, error)
	close(ctx context.Context)
}

// dial connects to the port of a system.
type dial func(context.Context) (net.Conn, error)

func systems() []system { return []system{postgresql()} }

// systemOf finds the system that a manifest names.
func systemOf(name string) (system, error) {
	var known []string
	for _, system := range systems() {
		if name == "" || slices.Contains(system.names, strings.ToLower(name)) {
			return system, nil
		}
		known = append(known, system.names[0])
	}
	return system{}, fmt.Errorf("system %q is not supported; supported: %s", name, strings.Join(known, ", "))
}
