package checks

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/policy/release"
)

func TestTrialConfig_saysInWhatItDiffersFromProduction(t *testing.T) {
	r := &release.Release{
		Manifest: release.Manifest{Metadata: release.Metadata{Name: "invoices-sink"}, Spec: release.Spec{Trial: release.Trial{
			Config:  map[string]release.Text{"connection.url": "jdbc:postgresql://db:5432/postgres", "batch.size": "10"},
			Secrets: map[string]release.Text{"file:/secrets/billing.properties:password": "trial"},
		}}},
		Config: map[string]string{
			"connection.url":      "jdbc:postgresql://billing.internal:5432/billing",
			"connection.password": "${file:/secrets/billing.properties:password}", "topics": "invoices",
		},
	}
	config, alterations, err := trialConfig(r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{
		"name": "invoices-sink", "topics": "invoices", "batch.size": "10",
		"connection.url": "jdbc:postgresql://db:5432/postgres", "connection.password": "trial",
	}, config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"batch.size: 10 instead of (not set)",
		"connection.url: jdbc:postgresql://db:5432/postgres instead of jdbc:postgresql://billing.internal:5432/billing",
		"connection.password: ${file:/secrets/billing.properties:password} answered by spec.trial.secrets",
	}, alterations); diff != "" {
		t.Errorf("alterations (-want +got):\n%s", diff)
	}
	if _, changed := r.Config["name"]; changed {
		t.Error("the release's own configuration was changed")
	}
}

func TestTrialConfig_namesTheReferenceThatHasNoAnswer(t *testing.T) {
	r := &release.Release{Config: map[string]string{"name": "a", "connection.password": "${vault:secret/db:password}"}}
	_, _, err := trialConfig(r)
	unanswered, ok := errors.AsType[*unansweredError](err)
	if !ok || unanswered.Pointer != "/config/connection.password" || unanswered.Reference != "vault:secret/db:password" {
		t.Errorf("got %v", err)
	}
}
