package openapi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/openapi"
)

func TestNothingBreaksWhatWasReleased(t *testing.T) {
	for _, name := range []string{openapi.Exchange, openapi.Connector} {
		released, err := os.ReadFile(filepath.Join("baseline", name))
		if err != nil {
			t.Fatal(err)
		}
		now, err := openapi.Document(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range breaks(load(t, released), load(t, now)) {
			t.Errorf("%s: %s; see docs/versioning.md", name, b)
		}
	}
}

func TestBreakingChangesAreFound(t *testing.T) {
	const before = `
openapi: 3.0.3
info: {title: x, version: '1'}
paths:
  /a:
    post:
      parameters: [{name: p, in: query, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object, required: [a], properties: {a: {type: string, enum: [x, y]}, b: {type: string}}}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, required: [c], properties: {c: {type: string}, d: {type: string}}}}}}}
`
	for what, change := range map[string][2]string{
		"a route":               {"/a:", "/b:"},
		"a method":              {"post:", "put:"},
		"a status":              {"'200'", "'201'"},
		"a parameter":           {"name: p,", "name: p, required: true,"},
		"a field demanded":      {"required: [a]", "required: [a, b]"},
		"a value refused":       {"enum: [x, y]", "enum: [x]"},
		"a field of the answer": {", d: {type: string}", ""},
		"a promise":             {"required: [c], ", ""},
		"a type":                {"{c: {type: string}", "{c: {type: integer}"},
		"a media type":          {"description: ok, content: {application/json", "description: ok, content: {text/plain"},
	} {
		after := replaceOnce(t, before, change[0], change[1])
		if found := breaks(load(t, []byte(before)), load(t, []byte(after))); len(found) == 0 {
			t.Errorf("%s: the change was not found", what)
		}
	}
	more := replaceOnce(t, before, "required: [c], properties: {", "required: [c, e], properties: {e: {type: string}, ")
	if found := breaks(load(t, []byte(before)), load(t, []byte(more))); len(found) != 0 {
		t.Errorf("a new field of an answer is taken for a break: %v", found)
	}
}

func replaceOnce(t *testing.T, s, old, new string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("no %q", old)
	}
	return strings.Replace(s, old, new, 1)
}

func load(t *testing.T, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// breaks lists what a caller of the old document can no longer do with the new.
func breaks(old, new *openapi3.T) (found []string) {
	for path, item := range old.Paths.Map() {
		for method, was := range item.Operations() {
			where := method + " " + path
			now := new.Paths.Value(path)
			if now == nil || now.GetOperation(method) == nil {
				found = append(found, where+" is gone")
				continue
			}
			found = append(found, operationBreaks(where, was, now.GetOperation(method))...)
		}
	}
	return found
}

func operationBreaks(where string, was, now *openapi3.Operation) (found []string) {
	for _, p := range now.Parameters {
		before := was.Parameters.GetByInAndName(p.Value.In, p.Value.Name)
		if p.Value.Required && (before == nil || !before.Required) {
			found = append(found, where+" now demands the parameter "+p.Value.Name)
		}
	}
	if was.RequestBody != nil && now.RequestBody != nil {
		for media, m := range was.RequestBody.Value.Content {
			found = append(found, mediaBreaks(where+" request", m, now.RequestBody.Value.Content[media], true)...)
		}
	}
	for status, r := range was.Responses.Map() {
		if status >= "300" {
			continue
		}
		after := now.Responses.Value(status)
		if after == nil {
			found = append(found, where+" no longer answers "+status)
			continue
		}
		for media, m := range r.Value.Content {
			found = append(found, mediaBreaks(where+" answer "+status, m, after.Value.Content[media], false)...)
		}
	}
	return found
}

func mediaBreaks(where string, was, now *openapi3.MediaType, sent bool) []string {
	if now == nil {
		return []string{where + ": a media type is gone"}
	}
	if was.Schema == nil || now.Schema == nil {
		return nil
	}
	return schemaBreaks(where, was.Schema.Value, now.Schema.Value, sent, map[*openapi3.Schema]bool{})
}

// schemaBreaks compares what is sent, which must not become narrower, or what is
// answered, which must not become less.
func schemaBreaks(where string, was, now *openapi3.Schema, sent bool, seen map[*openapi3.Schema]bool) (found []string) {
	if seen[was] {
		return nil
	}
	seen[was] = true
	if was.Type != nil && now.Type != nil && !slices.Equal(was.Type.Slice(), now.Type.Slice()) {
		found = append(found, where+" has another type")
	}
	from, to := was.Required, now.Required
	if sent {
		from, to = to, from // what is demanded now must have been demanded
	}
	for _, field := range from {
		if !slices.Contains(to, field) {
			found = append(found, where+": the field "+field+" is demanded, or no longer promised")
		}
	}
	for _, value := range was.Enum {
		if sent && len(now.Enum) > 0 && !slices.Contains(now.Enum, value) {
			found = append(found, fmt.Sprintf("%s no longer takes %v", where, value))
		}
	}
	for name, p := range was.Properties {
		after := now.Properties[name]
		if after == nil {
			found = append(found, where+": the field "+name+" is gone")
			continue
		}
		found = append(found, schemaBreaks(where+"."+name, p.Value, after.Value, sent, seen)...)
	}
	if was.Items != nil && now.Items != nil {
		found = append(found, schemaBreaks(where+"[]", was.Items.Value, now.Items.Value, sent, seen)...)
	}
	return found
}
