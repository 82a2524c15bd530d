package openapi_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/partners"
)

func TestExchangeDocumentIsValidWithItsExamples(t *testing.T) {
	if err := loadExchange(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("exchange.yaml: %v", err)
	}
}

func TestEveryExchangeProblemNamesItsCodes(t *testing.T) {
	for path, item := range loadExchange(t).Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if response.Value.Content.Get("application/problem+json") == nil {
					continue
				}
				if len(codesOf(t, response.Value)) == 0 {
					t.Errorf("%s %s: %s lists no x-codes", method, path, status)
				}
			}
		}
	}
}

func TestEveryExchangeOperationSaysWhatItMayAnswer(t *testing.T) {
	for path, item := range loadExchange(t).Paths.Map() {
		for method, op := range item.Operations() {
			want := []string{"500"}
			if op.Security == nil || len(*op.Security) > 0 {
				want = append(want, "400", "401", "503")
			}
			if op.RequestBody != nil {
				want = append(want, "400", "408", "413", "415")
			}
			for _, status := range want {
				if op.Responses.Value(status) == nil && path != "/metrics" {
					t.Errorf("%s %s: no %s", method, path, status)
				}
			}
		}
	}
}

func TestExchangeScopesAreThoseOfThePartners(t *testing.T) {
	declared := loadExchange(t).Components.SecuritySchemes["accessToken"].Value.Flows.ClientCredentials.Scopes
	for _, s := range partners.Scopes() {
		if _, ok := declared[string(s)]; !ok {
			t.Errorf("scope %q is not described", s)
		}
	}
	if len(declared) != len(partners.Scopes()) {
		t.Errorf("describes %d scopes, there are %d", len(declared), len(partners.Scopes()))
	}
}

// Members' numbers belong in bodies, never in addresses, which end up in logs.
func TestNoExchangeAddressCarriesAMembersNumber(t *testing.T) {
	for path, item := range loadExchange(t).Paths.Map() {
		for method, op := range item.Operations() {
			for _, p := range op.Parameters {
				if slices.Contains([]string{"member", "membership"}, p.Value.Name) {
					t.Errorf("%s %s has the parameter %q", method, path, p.Value.Name)
				}
			}
		}
	}
}

func codesOf(t *testing.T, r *openapi3.Response) (codes []string) {
	t.Helper()
	raw, err := json.Marshal(r.Extensions["x-codes"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &codes); err != nil {
		t.Fatal(err)
	}
	return codes
}

func loadExchange(t *testing.T) *openapi3.T {
	t.Helper()
	raw, err := openapi.Document(openapi.Exchange)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
