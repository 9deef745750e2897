package release

import (
	"os"
	"testing"
)

func TestLoad_full(t *testing.T) {
	files := os.DirFS("testdata/full")
	config, err := LoadConfig(files)
	if err != nil {
		t.Fatal(err)
	}
	estate, err := Load(files, config)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range estate.Findings {
		t.Errorf("%s: %s [%s]", f.Position, f.Message, f.ID)
	}
}
