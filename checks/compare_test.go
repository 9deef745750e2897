package checks_test

import (
	"strings"
	"testing"

	"github.com/connectgate/connectgate/checks"
	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/google/go-cmp/cmp"
)

// table makes a table from columns such as "id integer" and rows such as "1|ann|NULL".
func table(name string, columns []string, rows ...string) service.Table {
	made := service.Table{Name: name}
	for _, column := range columns {
		name, kind, _ := strings.Cut(column, " ")
		made.Columns = append(made.Columns, service.Column{Name: name, Type: kind})
	}
	for _, row := range rows {
		var values []service.Value
		for text := range strings.SplitSeq(row, "|") {
			if text == "NULL" {
				values = append(values, service.Value{Null: true})
			} else {
				values = append(values, service.Value{Text: text})
			}
		}
		made.Rows = append(made.Rows, values)
	}
	return made
}

func TestRows(t *testing.T) {
	columns := []string{"id integer", "name text"}
	invoices := func(rows ...string) []service.Table {
		return []service.Table{table("public.invoices", columns, rows...)}
	}
	removed := func(identity, base string) scorecard.Difference {
		return scorecard.Difference{Identity: identity, Path: "public.invoices", Kind: scorecard.Removed, Base: base, Head: "no row"}
	}
	added := func(identity, head string) scorecard.Difference {
		return scorecard.Difference{Identity: identity, Path: "public.invoices", Kind: scorecard.Added, Base: "no row", Head: head}
	}
	changed := func(identity, path, base, head string) scorecard.Difference {
		return scorecard.Difference{Identity: identity, Path: path, Kind: scorecard.Changed, Base: base, Head: head}
	}
	tests := map[string]struct {
		base, head []service.Table
		key        []string
		ignore     map[string]bool
		want       []scorecard.Difference
	}{
		"nothing on either side is equal": {},
		"rows that a head deletes are removed, in natural order": {
			base: invoices("10|dan", "1|ann", "2|bob", "3|cid"), head: invoices("2|bob"), key: []string{"id"},
			want: []scorecard.Difference{removed("id=1", "name=ann"), removed("id=3", "name=cid"), removed("id=10", "name=dan")},
		},
		"the order of rows and columns is no difference": {
			base: invoices("1|ann", "2|bob"), key: []string{"id"},
			head: []service.Table{table("public.invoices", []string{"name text", "id integer"}, "bob|2", "ann|1")},
		},
		"a changed value is named by its column": {
			base: invoices("1|ann"), head: invoices("1|anne"), key: []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name", "name=ann", "name=anne")},
		},
		"null, an empty text and the text null are three values": {
			base: invoices("1|NULL", "2|NULL", "3|"), head: invoices("1|", "2|null", "3|null"), key: []string{"id"},
			want: []scorecard.Difference{
				changed("id=1", "name", "name=null", `name=""`),
				changed("id=2", "name", "name=null", `name="null"`),
				changed("id=3", "name", `name=""`, `name="null"`),
			},
		},
		"values with spaces and unseen characters are quoted": {
			base: invoices("1|ann lee"), head: invoices("1|ann\u00a0lee\x1b"), key: []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name", `name="ann lee"`, `name="ann\u00a0lee\x1b"`)},
		},
		"long values are cut and told apart": {
			base: invoices("1|" + strings.Repeat("é", 200) + "a"), head: invoices("1|" + strings.Repeat("é", 200) + "b"), key: []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name",
				"name="+strings.Repeat("é", 80)+"… (201 characters, sha256 b830880a)",
				"name="+strings.Repeat("é", 80)+"… (201 characters, sha256 f0f38306)")},
		},
		"sentinels are left out": {
			base: invoices("1|ann", "9001|ann"), head: invoices("1|ann"), key: []string{"id"}, ignore: map[string]bool{"id=9001": true},
		},
		"the key is found in any case and named as the contract does": {
			base: invoices("1|ann"), head: invoices(), key: []string{"Id"}, ignore: map[string]bool{"id=1": true},
			want: []scorecard.Difference{removed("Id=1", "name=ann")},
		},
		"a key of several columns": {
			base: invoices("1|ann", "1|bob"), head: invoices("1|bob", "2|ann"), key: []string{"id", "name"},
			want: []scorecard.Difference{
				removed("id=1,name=ann", "id=1 name=ann"),
				added("id=2,name=ann", "id=2 name=ann"),
			},
		},
		"a table without the key is compared by content, each copy counted": {
			base: invoices("1|ann", "1|ann", "2|bob"), head: invoices("2|bob", "1|ann", "3|cid"), key: []string{"tenant"},
			want: []scorecard.Difference{removed("", "id=1 name=ann"), added("", "id=3 name=cid")},
		},
		"without a key rows are compared by content": {
			base: invoices("1|NULL"), head: invoices("1|"),
			want: []scorecard.Difference{added("", `id=1 name=""`), removed("", "id=1 name=null")},
		},
		"rows with one key are paired by index, after those that are equal": {
			base: invoices("1|ann", "1|bob", "1|cid"), head: invoices("1|bob", "1|dan"), key: []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name", "name=ann", "name=dan"), removed("id=1 #2", "name=cid")},
		},
		"a duplicate that only head writes is added": {
			base: invoices("1|ann"), head: invoices("1|ann", "1|ann"), key: []string{"id"},
			want: []scorecard.Difference{added("id=1", "name=ann")},
		},
		"tables of one side are one difference each": {
			base: []service.Table{table("public.a", columns, "1|ann"), table("public.same", columns)},
			head: []service.Table{table("public.same", columns), table("public.y", columns), {Name: "public.z", Truncated: true}},
			key:  []string{"id"},
			want: []scorecard.Difference{
				{Path: "public.a", Kind: scorecard.Removed, Base: "table, 1 row", Head: "no table"},
				{Path: "public.y", Kind: scorecard.Added, Base: "no table", Head: "table, 0 rows"},
				{Path: "public.z", Kind: scorecard.Added, Base: "no table", Head: "table, more rows than are read"},
			},
		},
		"columns of one side or of another type are one difference each, and their values are not compared": {
			base: []service.Table{table("t", []string{"id integer", "gone text", "price numeric(10,2)", "name text"}, "1|x|1.00|ann", "2|y|2.00|bob")},
			head: []service.Table{table("t", []string{"id integer", "name text", "new date", "price text"}, "1|ann|2024-01-01|1", "2|bo|2024-01-01|2")},
			key:  []string{"id"},
			want: []scorecard.Difference{
				{Path: "t", Kind: scorecard.Removed, Base: "column gone text", Head: "no column"},
				{Path: "t", Kind: scorecard.Added, Base: "no column", Head: "column new date"},
				{Path: "t", Kind: scorecard.Changed, Base: "column price numeric(10,2)", Head: "column price text"},
				changed("id=2", "name", "name=bob", "name=bo"),
			},
		},
		"rows are still paired when the key's type changes": {
			base: []service.Table{table("t", []string{"id integer", "name text"}, "1|ann")},
			head: []service.Table{table("t", []string{"id bigint", "name text"}, "1|bob")},
			key:  []string{"id"},
			want: []scorecard.Difference{
				{Path: "t", Kind: scorecard.Changed, Base: "column id integer", Head: "column id bigint"},
				changed("id=1", "name", "name=ann", "name=bob"),
			},
		},
		"columns of one name, as a query has them, are all compared": {
			base: []service.Table{table("", []string{"id integer", "name text", "name text"}, "1|ann|x")},
			head: []service.Table{table("", []string{"id integer", "name text", "name text"}, "1|bob|y")},
			key:  []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name", "name=ann", "name=bob"), changed("id=1", "name#2", "name#2=x", "name#2=y")},
		},
		"a column that differs from the key in case alone is compared": {
			base: []service.Table{table("t", []string{"ID integer", "id integer"}, "1|7")},
			head: []service.Table{table("t", []string{"ID integer", "id integer"}, "2|7")},
			key:  []string{"id"},
			want: []scorecard.Difference{changed("id=7", "ID", "ID=1", "ID=2")},
		},
		"tables of one name, as a capture has it, are all compared": {
			base: append(invoices("1|ann"), invoices("1|ann")...), head: append(invoices("1|bob"), invoices("1|cid")...), key: []string{"id"},
			want: []scorecard.Difference{changed("id=1", "name", "name=ann", "name=bob"), changed("id=1", "name", "name=ann", "name=cid")},
		},
		"tables without columns are compared by how many rows they have": {
			base: []service.Table{{Name: "t", Rows: [][]service.Value{{}, {}}}}, head: []service.Table{{Name: "t", Rows: [][]service.Value{{}}}},
			want: []scorecard.Difference{{Path: "t", Kind: scorecard.Removed, Head: "no row"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, uncompared := checks.Rows(test.base, test.head, test.key, test.ignore)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(uncompared) > 0 {
				t.Errorf("%v are not compared", uncompared)
			}
			again, _ := checks.Rows(test.base, test.base, test.key, test.ignore)
			if len(again) > 0 {
				t.Errorf("base differs from itself: %v", again)
			}
		})
	}
}

func TestRows_truncated(t *testing.T) {
	whole := table("public.big", []string{"id integer"}, "1")
	part := whole
	part.Truncated = true
	for name, sides := range map[string][2]service.Table{
		"a base held in part is not compared": {part, whole},
		"a head held in part is not compared": {whole, part},
	} {
		t.Run(name, func(t *testing.T) {
			differences, uncompared := checks.Rows(sides[:1], sides[1:], []string{"id"}, nil)
			if diff := cmp.Diff([]string{"public.big"}, uncompared); diff != "" || len(differences) > 0 {
				t.Errorf("%s and differences %v", diff, differences)
			}
		})
	}
}

func TestRows_naturalOrder(t *testing.T) {
	columns := []string{"key text"}
	ordered := []string{"", "1", "2", "10", "a", "a1", "a02", "a2", "a2b", "a10", "b", "é"}
	reversed := make([]string, len(ordered))
	for i, key := range ordered {
		reversed[len(ordered)-1-i] = key
	}
	differences, _ := checks.Rows([]service.Table{table("t", columns, reversed...)}, []service.Table{table("t", columns)}, []string{"key"}, nil)
	got := make([]string, len(differences))
	for i, difference := range differences {
		got[i] = strings.TrimPrefix(difference.Identity, "key=")
	}
	if diff := cmp.Diff(ordered, got); diff != "" {
		t.Error(diff)
	}
}
