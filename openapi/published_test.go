package openapi_test

import (
	"bytes"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/openapi"
)

func TestWhatIsPublishedIsValidAndHasNoHintsForOurGenerator(t *testing.T) {
	for _, name := range []string{openapi.Exchange, openapi.Connector} {
		doc, err := openapi.Published(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, hint := range []string{"x-go-", "x-oapi-codegen"} {
			if bytes.Contains(doc, []byte(hint)) {
				t.Errorf("%s: has %s", name, hint)
			}
		}
		loaded, err := openapi3.NewLoader().LoadFromData(doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := loaded.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openapi.Published("nosuch.yaml"); err == nil {
		t.Error("published what is not there")
	}
}
