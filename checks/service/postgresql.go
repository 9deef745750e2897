package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

func postgresql() system {
	return system{names: []string{"postgresql", "postgres"}, port: 5432, connect: connectPostgres}
}

// postgres is a session with a PostgreSQL server. All of it goes through the simple
// protocol, in which values arrive as the server prints them.
type postgres struct{ conn *pgconn.PgConn }

// connectPostgres connects as the official image's environment says.
func connectPostgres(ctx context.Context, dial dial, env map[string]string) (session, error) {
	config, err := pgconn.ParseConfig("host=database sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("configure PostgreSQL client: %w", err)
	}
	// ParseConfig also reads PG* variables of our own environment: nothing of them stays.
	config.User = cmp.Or(env["POSTGRES_USER"], "postgres")
	config.Password = env["POSTGRES_PASSWORD"]
	config.Database = cmp.Or(env["POSTGRES_DB"], config.User)
	config.Fallbacks, config.ValidateConnect, config.AfterConnect = nil, nil, nil
	config.RuntimeParams = map[string]string{
		"application_name": "connectgate", "client_encoding": "UTF8",
		// Values are compared as text: print them the same way on every server.
		"timezone": "UTC", "datestyle": "ISO, MDY", "intervalstyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1",
	}
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		if complaint, ok := errors.AsType[*pgconn.PgError](err); ok {
			err = complaint
		}
		return nil, fmt.Errorf("connect to PostgreSQL as %s: %w", config.User, err)
	}
	return postgres{conn}, nil
}

func (p postgres) close(ctx context.Context) { _ = p.conn.Close(ctx) } // nothing is left to lose

// run sends the whole script at once: the server runs it as one transaction.
func (p postgres) run(ctx context.Context, script Script) error {
	sql := strings.TrimPrefix(script.SQL, "\ufeff") // editors write a byte order mark
	all := statements(sql)
	for _, statement := range all {
		if statement.readsData() {
			return &ScriptError{script.Name, statement.line, "COPY FROM STDIN has its rows outside SQL; use INSERT (pg_dump --inserts)"}
		}
	}
	results := p.conn.Exec(ctx, sql)
	done := 0
	for results.NextResult() {
		if _, err := results.ResultReader().Close(); err == nil {
			done++
		}
	}
	err := refusal(script.Name, sql, results.Close())
	if refused, ok := errors.AsType[*ScriptError](err); ok && refused.Line == 0 && done < len(all) {
		refused.Line = all[done].line
	}
	return err
}

// refusal makes the server's complaint about SQL a *ScriptError; other errors stay what
// they are.
func refusal(file, sql string, err error) error {
	complaint, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || isServerTrouble(complaint.Code) {
		return err
	}
	message := complaint.Message
	if complaint.Detail != "" {
		message += " (" + complaint.Detail + ")"
	}
	return &ScriptError{File: file, Line: lineAt(sql, int(complaint.Position)), Message: message}
}

// isServerTrouble tells what ails the server from what is wrong with a statement, by the
// class of the SQLSTATE: no resources, intervention, system error, internal error.
func isServerTrouble(code string) bool {
	return slices.ContainsFunc([]string{"53", "57", "58", "XX"}, func(class string) bool { return strings.HasPrefix(code, class) })
}

// lineAt is the line of a position that PostgreSQL counts in characters from 1; 0 where
// there is none.
func lineAt(sql string, position int) int {
	if position == 0 {
		return 0
	}
	line := 1
	for _, char := range sql {
		if position--; position == 0 {
			break
		}
		if char == '\n' {
			line++
		}
	}
	return line
}

// beginReading makes all that follows see one point in time and change nothing.
const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

func (p postgres) query(ctx context.Context, sql string) (Table, error) {
	if _, err := p.read(ctx, beginReading); err != nil {
		return Table{}, err
	}
	table, err := p.read(ctx, sql)
	if err == nil && len(table.Columns) == 0 {
		err = &ScriptError{Message: "the query returns no columns; give one SELECT"}
	}
	return table, refusal("", sql, err)
}

// userTables leaves partitions to their parent, and temporary tables out.
const userTables = `SELECT n.nspname, c.relname
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
		AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`

func (p postgres) tables(ctx context.Context) ([]Table, error) {
	if _, err := p.read(ctx, beginReading); err != nil {
		return nil, err
	}
	names, err := p.read(ctx, userTables)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	if names.Truncated {
		return nil, fmt.Errorf("list tables: there are more than %d", maxRows)
	}
	tables := make([]Table, len(names.Rows))
	for i, row := range names.Rows {
		if tables[i], err = p.table(ctx, row[0].Text, row[1].Text, i < maxTables); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// table reads one table, or only names it.
func (p postgres) table(ctx context.Context, schema, name string, read bool) (Table, error) {
	full := schema + "." + name
	if !read {
		return Table{Name: full, Truncated: true}, nil
	}
	// Any row can be sorted by its text, whatever its types and keys are.
	table, err := p.read(ctx, fmt.Sprintf(`SELECT * FROM %s AS t ORDER BY (t.*)::text COLLATE "C" LIMIT %d`,
		quoted(schema)+"."+quoted(name), maxRows+1))
	if err != nil {
		return Table{}, fmt.Errorf("read table %s: %w", full, err)
	}
	table.Name = full
	return table, nil
}

// quoted is a name as SQL takes it literally.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// read runs one statement and keeps its rows within the limits.
func (p postgres) read(ctx context.Context, sql string) (Table, error) {
	table, fields, err := p.rows(ctx, sql)
	if err != nil || len(fields) == 0 {
		return table, err
	}
	types := make([]string, len(fields))
	for i, field := range fields {
		types[i] = fmt.Sprintf("pg_catalog.format_type(%d, %d)", field.DataTypeOID, field.TypeModifier)
	}
	names, _, err := p.rows(ctx, "SELECT "+strings.Join(types, ", "))
	if err != nil {
		return Table{}, fmt.Errorf("name column types: %w", err)
	}
	for i, field := range fields {
		table.Columns = append(table.Columns, Column{Name: field.Name, Type: names.Rows[0][i].Text})
	}
	return table, nil
}

// rows runs one statement and returns its rows with what the server says of its columns.
func (p postgres) rows(ctx context.Context, sql string) (Table, []pgconn.FieldDescription, error) {
	var table Table
	var fields []pgconn.FieldDescription
	results := p.conn.Exec(ctx, sql)
	for results.NextResult() {
		result := results.ResultReader()
		if fields != nil {
			_ = results.Close() // what else the server says does not matter
			return Table{}, nil, &ScriptError{Message: "the query has several results; give one SELECT"}
		}
		fields = slices.Clone(result.FieldDescriptions())
		for bytes := 0; result.NextRow(); {
			row := values(result.Values())
			for _, value := range row {
				bytes += len(value.Text)
			}
			if len(table.Rows) == maxRows || bytes > maxBytes {
				table.Truncated = true // and read on: the protocol has no other way to its end
				continue
			}
			table.Rows = append(table.Rows, row)
		}
	}
	return table, fields, results.Close()
}

// values copies a row, whose bytes belong to the connection.
func values(row [][]byte) []Value {
	copied := make([]Value, len(row))
	for i, value := range row {
		copied[i] = Value{Text: string(value), Null: value == nil}
	}
	return copied
}
