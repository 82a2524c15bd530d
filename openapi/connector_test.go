package openapi_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/openapi"
)

func TestConnectorDocumentIsValidWithItsExamples(t *testing.T) {
	doc := loadConnector(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("connector.yaml: %v", err)
	}
}

// Each operation must say what a host answers to a bad signature, and the
// promise that problems carry a code holds only if each error names the schema.
func TestEveryConnectorOperationDescribesItsProblems(t *testing.T) {
	for path, item := range loadConnector(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.Responses.Value("401") == nil {
				t.Errorf("%s %s: no 401", method, path)
			}
			for status, response := range op.Responses.Map() {
				if status == "200" {
					continue
				}
				if response.Value.Content.Get("application/problem+json") == nil {
					t.Errorf("%s %s: %s is not a problem document", method, path, status)
				}
			}
		}
	}
}

func TestAnUnknownDocumentIsRefused(t *testing.T) {
	if _, err := openapi.Document("nosuch.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v, want fs.ErrNotExist", err)
	}
}

func loadConnector(t *testing.T) *openapi3.T {
	t.Helper()
	raw, err := openapi.Document(openapi.Connector)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
