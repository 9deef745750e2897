package checks

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Rows compares what base and head left behind, table by table and row by row, by name
// of column, never by order of columns or rows.
//
// Rows are paired by the key columns where a table has them, whatever their case, and
// otherwise by their whole content. Rows whose identity, such as "id=1", is in ignore are
// left out. A column that only one side has, or has with another type, is one difference
// of its table, and its values are not compared. Differences are sorted by table, then by
// key in natural order; they have no Cause.
//
// A table that either side holds only in part is not compared: it is among uncompared, by
// name, and whoever finds no difference must not take that for equality.
func Rows(base, head []service.Table, key []string, ignore map[string]bool) (differences []scorecard.Difference, uncompared []string) {
	was, is := byName(base), byName(head)
	names := maps.Clone(was)
	maps.Copy(names, is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, inBase := was[name]
		after, inHead := is[name]
		switch {
		case !inHead:
			differences = append(differences, wholeTable(scorecard.Removed, name, describe(before), "no table"))
		case !inBase:
			differences = append(differences, wholeTable(scorecard.Added, name, "no table", describe(after)))
		case before.Truncated || after.Truncated:
			uncompared = append(uncompared, name)
		default:
			differences = append(differences, compareTables(before, after, key, ignore)...)
		}
	}
	return differences, uncompared
}

// byName numbers tables of the same name, such as a capture beside the table it reads.
func byName(tables []service.Table) map[string]service.Table {
	named := make(map[string]service.Table, len(tables))
	for _, table := range tables {
		table.Name = unique(table.Name, named)
		named[table.Name] = table
	}
	return named
}

// unique is the name, with a number behind it where it is taken, so that nothing of that
// name is lost.
func unique[T any](name string, taken map[string]T) string {
	candidate := name
	for number := 2; ; number++ {
		if _, known := taken[candidate]; !known {
			return candidate
		}
		candidate = fmt.Sprintf("%s#%d", name, number)
	}
}

func describe(table service.Table) string {
	if table.Truncated {
		return "table, more rows than are read"
	}
	if len(table.Rows) == 1 {
		return "table, 1 row"
	}
	return fmt.Sprintf("table, %d rows", len(table.Rows))
}

func wholeTable(kind, name, base, head string) scorecard.Difference {
	return scorecard.Difference{Path: name, Kind: kind, Base: base, Head: head}
}

// comparison is one table on both sides. Columns are found by name on either.
type comparison struct {
	name       string
	key        []string // as the contract spells them; empty: rows are paired by content
	compared   []string // columns of one type on both sides and outside the key, sorted
	base, head side
}

// side is a table with the places of its columns.
type side struct {
	service.Table
	place map[string]int
}

// newSide numbers columns of the same name, which only queries have.
func newSide(table service.Table) side {
	place := make(map[string]int, len(table.Columns))
	table.Columns = slices.Clone(table.Columns)
	for i, column := range table.Columns {
		table.Columns[i].Name = unique(column.Name, place)
		place[table.Columns[i].Name] = i
	}
	return side{table, place}
}

func compareTables(before, after service.Table, key []string, ignore map[string]bool) []scorecard.Difference {
	c := comparison{name: before.Name, base: newSide(before), head: newSide(after)}
	if c.base.has(key) && c.head.has(key) {
		c.key = key
	}
	differences := c.columns()
	pairs := c.pairs(ignore)
	for _, identity := range slices.SortedFunc(maps.Keys(pairs), natural) {
		differences = append(differences, c.rows(identity, pairs[identity])...)
	}
	return differences
}

// has says whether the table has all key columns, whatever their case: databases fold it.
func (s side) has(key []string) bool {
	return !slices.ContainsFunc(key, func(name string) bool { return s.find(name) < 0 })
}

func (s side) find(name string) int {
	if place, exact := s.place[name]; exact {
		return place
	}
	return slices.IndexFunc(s.Columns, func(column service.Column) bool { return strings.EqualFold(column.Name, name) })
}

// columns are the differences of the columns themselves; the equal ones outside the key
// become those that are compared.
func (c *comparison) columns() []scorecard.Difference {
	var differences []scorecard.Difference
	differ := func(kind, base, head string) {
		differences = append(differences, scorecard.Difference{Path: c.name, Kind: kind, Base: base, Head: head})
	}
	places := maps.Clone(c.base.place)
	maps.Copy(places, c.head.place)
	for _, name := range slices.Sorted(maps.Keys(places)) {
		before, after := c.base.column(name), c.head.column(name)
		switch {
		case after == "":
			differ(scorecard.Removed, before, "no column")
		case before == "":
			differ(scorecard.Added, "no column", after)
		case before != after:
			differ(scorecard.Changed, before, after)
		case !c.isKey(c.base, name):
			c.compared = append(c.compared, name)
		}
	}
	return differences
}

// column names a column with its type; empty where the table has none of that name.
func (s side) column(name string) string {
	place, known := s.place[name]
	if !known {
		return ""
	}
	return "column " + name + " " + s.Columns[place].Type
}

func (c *comparison) isKey(s side, name string) bool {
	return slices.ContainsFunc(c.key, func(key string) bool { return s.find(key) == s.place[name] })
}

// pair holds the rows of both sides that have one identity or, without a key, one content.
type pair struct{ base, head [][]service.Value }

func (c *comparison) pairs(ignore map[string]bool) map[string]*pair {
	pairs := map[string]*pair{}
	of := func(s side, row []service.Value) *pair {
		identity := c.identity(s, row)
		if pairs[identity] == nil {
			pairs[identity] = &pair{}
		}
		return pairs[identity]
	}
	for _, row := range c.base.Rows {
		found := of(c.base, row)
		found.base = append(found.base, row)
	}
	for _, row := range c.head.Rows {
		found := of(c.head, row)
		found.head = append(found.head, row)
	}
	if len(c.key) > 0 {
		maps.DeleteFunc(pairs, func(identity string, _ *pair) bool { return ignore[identity] })
	}
	return pairs
}

// identity names a row by its key as record.Sample.Identity does, so that both can be
// looked up by the other; without a key it is the row's content.
func (c *comparison) identity(s side, row []service.Value) string {
	if len(c.key) == 0 {
		return c.content(s, row)
	}
	words := make([]string, len(c.key))
	for i, name := range c.key {
		words[i] = name + "=" + plain(row[s.find(name)])
	}
	return strings.Join(words, ",")
}

// content is what is compared of a row, in an order that both sides share.
func (c *comparison) content(s side, row []service.Value) string {
	words := make([]string, len(c.compared))
	for i, name := range c.compared {
		value := row[s.place[name]]
		words[i] = fmt.Sprintf("%t%q", value.Null, value.Text)
	}
	return strings.Join(words, " ")
}

// rows are the differences of the rows of one pair. What is equal on both sides goes
// first; the rest is paired by its index.
func (c *comparison) rows(identity string, found *pair) []scorecard.Difference {
	var differences []scorecard.Difference
	base, head := c.without(found)
	for i := range max(len(base), len(head)) {
		numbered := identity
		switch {
		case len(c.key) == 0:
			numbered = ""
		case i > 0:
			numbered = fmt.Sprintf("%s #%d", identity, i+1)
		}
		switch {
		case i >= len(head):
			differences = append(differences, scorecard.Difference{
				Identity: numbered, Path: c.name, Kind: scorecard.Removed, Base: c.words(c.base, base[i]), Head: "no row",
			})
		case i >= len(base):
			differences = append(differences, scorecard.Difference{
				Identity: numbered, Path: c.name, Kind: scorecard.Added, Base: "no row", Head: c.words(c.head, head[i]),
			})
		default:
			differences = append(differences, c.values(numbered, base[i], head[i])...)
		}
	}
	return differences
}

// without are the rows of a pair that the other side does not have as well.
func (c *comparison) without(found *pair) (base, head [][]service.Value) {
	left := map[string]int{}
	for _, row := range found.head {
		left[c.content(c.head, row)]++
	}
	for _, row := range found.base {
		content := c.content(c.base, row)
		if left[content] == 0 {
			base = append(base, row)
			continue
		}
		left[content]--
	}
	for _, row := range slices.Backward(found.head) {
		content := c.content(c.head, row)
		if left[content] > 0 {
			left[content]--
			head = append(head, row)
		}
	}
	slices.Reverse(head)
	return base, head
}

// values are the differences between two rows of one identity.
func (c *comparison) values(identity string, base, head []service.Value) []scorecard.Difference {
	var differences []scorecard.Difference
	for _, name := range c.compared {
		before, after := base[c.base.place[name]], head[c.head.place[name]]
		if before != after {
			differences = append(differences, scorecard.Difference{
				Identity: identity, Path: name, Kind: scorecard.Changed, Base: name + "=" + word(before), Head: name + "=" + word(after),
			})
		}
	}
	return differences
}

// words are all columns of a row but its key, which the identity shows, or all where
// there are no others.
func (c *comparison) words(s side, row []service.Value) string {
	var key, words []string
	for i, column := range s.Columns {
		text := column.Name + "=" + word(row[i])
		if c.isKey(s, column.Name) {
			key = append(key, text)
		} else {
			words = append(words, text)
		}
	}
	if len(words) == 0 {
		words = key
	}
	return strings.Join(words, " ")
}

// plain shows a value as an identity does: bare unless it holds what cannot be seen.
func plain(value service.Value) string {
	if value.Null {
		return "null"
	}
	if quoted := strconv.Quote(value.Text); strings.Contains(quoted, `\`) {
		return quoted
	}
	return value.Text
}

// word shows a value as one word of a row, so that null, an empty text and the text null
// are told apart. Of a long value it shows the start, and what tells it from another.
func word(value service.Value) string {
	const limit, start = 120, 80
	text := plain(value)
	if !value.Null && (text == "" || text == "null" || strings.ContainsAny(value.Text, " =")) {
		text = strconv.Quote(value.Text)
	}
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return fmt.Sprintf("%s… (%d characters, sha256 %.4x)", string([]rune(text)[:start]),
		utf8.RuneCountInString(value.Text), sha256.Sum256([]byte(value.Text)))
}

// natural orders texts with numbers in them by the size of the numbers: id=2 before id=10.
func natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		var partA, partB string
		partA, restA = leading(restA)
		partB, restB = leading(restB)
		if order := part(partA, partB); order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), strings.Compare(a, b))
}

// leading cuts the digits at the start of a text off, or all before the first digit.
func leading(text string) (part, rest string) {
	digits := isDigit(rune(text[0]))
	end := strings.IndexFunc(text, func(char rune) bool { return isDigit(char) != digits })
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

func isDigit(char rune) bool { return '0' <= char && char <= '9' }

// part orders two parts: numbers by size, however long they are.
func part(a, b string) int {
	if isDigit(rune(a[0])) && isDigit(rune(b[0])) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	return strings.Compare(a, b)
}
