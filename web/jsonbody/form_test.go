package jsonbody_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-playground/validator/v10"
	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

type inner struct {
	Code string `json:"code" validate:"required,word"`
}

type order struct {
	Name  string  `json:"name" validate:"required,word"`
	Note  *string `json:"note" validate:"omitempty,word"`
	Count int     `json:"count" validate:"min=0,max=99"`
	Total int64   `json:"total"` // of any size that fits
	Yes   bool    `json:"yes"`
	Inner inner   `json:"inner" validate:"required"`
}

const orderSchema = `
type: object
additionalProperties: false
required: [name, inner]
properties:
  name: &word {type: string, description: A word., pattern: '^[a-z]{1,8}$'}
  note: *word
  count: {type: integer, minimum: 0, maximum: 99}
  total: {type: integer}
  yes: {type: boolean}
  inner:
    type: object
    additionalProperties: false
    required: [code]
    properties:
      code: *word
`

func orders(t testing.TB) *jsonbody.Form[order] {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    Order:" +
		strings.ReplaceAll(orderSchema, "\n", "\n      ")))
	if err != nil {
		t.Fatal(err)
	}
	checks := validator.New(validator.WithRequiredStructEnabled())
	word := regexp.MustCompile(`^[a-z]{1,8}$`)
	if err := checks.RegisterValidation("word", func(f validator.FieldLevel) bool { return word.MatchString(f.Field().String()) }); err != nil {
		t.Fatal(err)
	}
	schema := doc.Components.Schemas["Order"].Value
	form, err := jsonbody.NewForm[order](checks, func(map[string]any) *openapi3.Schema { return schema })
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestAGoodBodyIsDecoded(t *testing.T) {
	got, wrong := orders(t).Decode([]byte(" {\"name\" : \"ab\",\n\"\\u006eote\":\"\\u0063\", \"count\":12,\"yes\":true, \"inner\":{\"code\":\"d\"}} \n"))
	if wrong != nil || got.Name != "ab" || *got.Note != "c" || got.Count != 12 || !got.Yes || got.Inner.Code != "d" {
		t.Errorf("got %+v, %v", got, wrong)
	}
}

func TestAWrongBodyIsExplained(t *testing.T) {
	form := orders(t)
	cases := map[string]struct {
		body string
		want []string // pointer and code
	}{
		"empty":                  {"", []string{" body_missing"}},
		"only space":             {" \n", []string{" body_missing"}},
		"no JSON":                {"{", []string{" json_syntax"}},
		"a comma too many":       {`{"name":"a",}`, []string{" json_syntax"}},
		"something behind":       {`{"name":"a","inner":{"code":"b"}} x`, []string{" json_syntax"}},
		"two objects":            {`{"name":"a","inner":{"code":"b"}}{}`, []string{" json_syntax"}},
		"a zero character":       {`{"name":"ab","note":"a\u0000","inner":{"code":"c"}}`, []string{"/note zero_character", "/note pattern"}},
		"the name of one":        {`{"name":"ab","note":"a\\u0000","inner":{"code":"c"}}`, []string{"/note pattern"}},
		"not UTF-8":              {"{\"name\":\"\xff\"}", []string{" not_utf8"}},
		"an array":               {`[]`, []string{" type"}},
		"a string":               {`"x"`, []string{" type"}},
		"null":                   {`null`, []string{" type"}},
		"nothing in it":          {`{}`, []string{"/inner required", "/name required"}},
		"an unknown field":       {`{"name":"a","nam":"a","inner":{"code":"b"}}`, []string{"/nam unknown_field"}},
		"another case":           {`{"Name":"a","inner":{"code":"b"}}`, []string{"/Name unknown_field", "/name required"}},
		"a letter that folds":    {`{"name":"a","inner":{"code":"b"},"ye\u017f":true}`, []string{"/yeſ unknown_field"}},
		"a field twice":          {`{"name":"a","name":"b","inner":{"code":"b"}}`, []string{"/name duplicate_field"}},
		"a field twice, escaped": {`{"name":"a","n\u0061me":"b","inner":{"code":"b"}}`, []string{"/name duplicate_field"}},
		"a field twice, below":   {`{"name":"a","inner":{"code":"b","code":"b"}}`, []string{"/inner/code duplicate_field"}},
		"null for a string":      {`{"name":null,"inner":{"code":"b"}}`, []string{"/name null"}},
		"null for an option":     {`{"name":"a","note":null,"inner":{"code":"b"}}`, []string{"/note null"}},
		"null for an object":     {`{"name":"a","inner":null}`, []string{"/inner null"}},
		"an empty option":        {`{"name":"a","note":"","inner":{"code":"b"}}`, []string{"/note pattern"}},
		"a number for a string":  {`{"name":1,"inner":{"code":"b"}}`, []string{"/name type"}},
		"a string for a number":  {`{"name":"a","count":"1","inner":{"code":"b"}}`, []string{"/count type"}},
		"a fraction":             {`{"name":"a","count":1.0,"inner":{"code":"b"}}`, []string{"/count integer_form"}},
		"an exponent":            {`{"name":"a","count":1e1,"inner":{"code":"b"}}`, []string{"/count integer_form"}},
		"a number too large":     {`{"name":"a","count":100,"inner":{"code":"b"}}`, []string{"/count out_of_range"}},
		"a number too long":      {`{"name":"a","count":99999999999999999999,"inner":{"code":"b"}}`, []string{"/count out_of_range"}},
		"a number over 64 bits":  {`{"name":"a","total":9223372036854775808,"inner":{"code":"b"}}`, []string{"/total out_of_range"}},
		"a number below 64 bits": {`{"name":"a","total":-9223372036854775809,"inner":{"code":"b"}}`, []string{"/total out_of_range"}},
		"a negative number":      {`{"name":"a","count":-1,"inner":{"code":"b"}}`, []string{"/count out_of_range"}},
		"an array for an object": {`{"name":"a","inner":[]}`, []string{"/inner type"}},
		"deep nesting":           {`{"name":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, []string{" json_nesting"}},
		"very deep nesting":      {strings.Repeat(`{"a":`, 20000), []string{" json_syntax"}},
		"a name with a slash":    {`{"a/b~":1,"name":"a","inner":{"code":"b"}}`, []string{"/a~1b~0 unknown_field"}},
		"everything": {`{"name":"A","note":1,"count":-1,"yes":"no","inner":{"code":"","x":1},"z":2}`, []string{
			"/count out_of_range", "/inner/code pattern", "/inner/x unknown_field", "/name pattern", "/note type", "/yes type", "/z unknown_field"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, wrong := form.Decode([]byte(c.body))
			if got := places(wrong); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, w := range wrong {
				if w.Detail == "" {
					t.Errorf("%s: no detail", *w.Pointer)
				}
			}
		})
	}
}

func TestManyErrorsAreCut(t *testing.T) {
	var body strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&body, `,"x%d":1`, i)
	}
	_, wrong := orders(t).Decode([]byte("{" + body.String()[1:] + "}"))
	if len(wrong) == 0 || len(wrong) > 200 {
		t.Errorf("%d errors", len(wrong))
	}
}

func TestALongNameIsNotRepeatedWhole(t *testing.T) {
	_, wrong := orders(t).Decode([]byte(`{"name":"a","inner":{"code":"b"},"` + strings.Repeat("点", 5000) + `":1}`))
	if len(wrong) != 1 || len(*wrong[0].Pointer) > 100 {
		t.Errorf("got %v", wrong)
	}
}

// The law of the package: both paths come to the same verdict, whatever comes.
func TestTheFastPathAcceptsWhatTheSchemaAccepts(t *testing.T) {
	form := orders(t)
	rapid.Check(t, func(t *rapid.T) { agree(t, form, body(t)) })
}

func FuzzTheFastPathAcceptsWhatTheSchemaAccepts(f *testing.F) {
	form := orders(f)
	for _, seed := range []string{`{"name":"a","note":"b","count":1,"yes":false,"inner":{"code":"c"}}`, `{"name":"a","inner":{"code":"b"}} `, `{"":{}}`, `{"name"`, `{"name":-}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { agree(t, form, data) })
}

func agree(t interface{ Fatalf(string, ...any) }, form *jsonbody.Form[order], data []byte) {
	_, wrong := form.Decode(data)
	explained := form.Explain(data)
	if (wrong == nil) != (len(explained) == 0) {
		t.Fatalf("%q: decoding says %v, the schema says %v", data, places(wrong), places(explained))
	}
}

// body is an order with something wrong in it, or nothing.
func body(t *rapid.T) []byte {
	pairs := []string{`"name":"ab"`, `"inner":{"code":"c"}`}
	odd := rapid.SampledFrom([]string{`"note":"n"`, `"note":""`, `"note":null`, `"note":"a\u0000"`, `"note":"a\\u0000"`, `"n\u0000te":"a"`, `"count":7`, `"count":7.0`, `"count":-0`, `"count":00`, `"count":1e1`,
		`"count":100`, `"total":9223372036854775807`, `"total":9223372036854775808`, `"total":-9223372036854775809`, `"yes":true`, `"yes":tru`, `"yes":1`, `"name":"ab"`, `"n\u0061me":"ab"`, `"Name":"ab"`, `"name":"é"`, `"name":"\ud800"`, `"inner":{}`,
		`"inner":{"code":"c","code":"c"}`, `"inner":null`, `"x":[]`, `"note":"a\"b"`, `"note":{}`, `"count":"1"`, "\"note\":\"a\tb\"", `"note" "x"`, `,`, `}`})
	for range rapid.IntRange(0, 3).Draw(t, "odd") {
		pairs = append(pairs, odd.Draw(t, "pair"))
	}
	if rapid.Bool().Draw(t, "drop") {
		pairs = slices.Delete(pairs, 0, 1)
	}
	text := "{" + strings.Join(rapid.Permutation(pairs).Draw(t, "order"), rapid.SampledFrom([]string{",", " ,\n"}).Draw(t, "comma")) + "}"
	return []byte(text + rapid.SampledFrom([]string{"", "", " ", "x", "{}"}).Draw(t, "tail"))
}

func places(wrong []problem.Field) (all []string) {
	for _, w := range wrong {
		all = append(all, *w.Pointer+" "+w.Code)
	}
	return all
}

func TestAFormRefusesTypesThatItCannotRead(t *testing.T) {
	checks := validator.New()
	if _, err := jsonbody.NewForm[struct {
		A []string `json:"a"`
	}](checks, nil); err == nil {
		t.Error("took a list")
	}
	if _, err := jsonbody.NewForm[struct{ A string }](checks, nil); err == nil {
		t.Error("took a field without a name")
	}
	if _, err := jsonbody.NewForm[string](checks, nil); err == nil {
		t.Error("took a string")
	}
}

func BenchmarkDecode(b *testing.B) {
	form := orders(b)
	data, err := json.Marshal(map[string]any{"name": "ab", "note": "c", "count": 1, "yes": true, "inner": map[string]any{"code": "d"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, wrong := form.Decode(data); wrong != nil {
			b.Fatal(wrong)
		}
	}
}
