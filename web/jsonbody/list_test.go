package jsonbody_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/jsonbody"
)

func lists(t testing.TB) *jsonbody.List[order] { return jsonbody.NewList("orders", 3, orders(t)) }

const good = `{"name":"a","inner":{"code":"b"}}`

func TestAListIsDecoded(t *testing.T) {
	all, wrong := lists(t).Decode([]byte(" { \"orders\" :\n[ " + good + " ,{ \"inner\": {\"code\":\"]}\\\"\"} ,\"name\":\"c\"}\t]} \n"))
	if wrong != nil || len(all) != 2 {
		t.Fatalf("%d elements, %v", len(all), places(wrong))
	}
	if string(all[0].Raw) != good || all[0].Wrong != nil || all[0].Body.Inner.Code != "b" {
		t.Errorf("the first is %+v", all[0])
	}
	if got := places(all[1].Wrong); !slices.Equal(got, []string{"/orders/1/inner/code pattern"}) {
		t.Errorf("the second: %q", got)
	}
	if got := string(jsonbody.Member(all[1].Raw, "name")); got != `"c"` {
		t.Errorf("the name's bytes are %q", got)
	}
	if got := jsonbody.Member(all[1].Raw, "nam"); got != nil {
		t.Errorf("the bytes of what is not there are %q", got)
	}
}

func TestAWrongElementIsItsOwn(t *testing.T) {
	for _, element := range []string{`{}`, `[]`, `1`, `"x"`, `null`, `true`, `{"name":"a","name":"a"}`, `{"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`} {
		all, wrong := lists(t).Decode([]byte(`{"orders":[` + good + `,` + element + `,` + good + `]}`))
		if wrong != nil || len(all) != 3 || all[0].Wrong != nil || all[1].Wrong == nil || all[2].Wrong != nil {
			t.Errorf("%s: %d elements, %v", element, len(all), places(wrong))
			continue
		}
		for _, w := range all[1].Wrong {
			if !strings.HasPrefix(*w.Pointer, "/orders/1") {
				t.Errorf("%s: %s", element, *w.Pointer)
			}
		}
	}
}

func TestABodyThatIsWrongAsAWholeHasNoElements(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty":               {"", " body_missing"},
		"an array":            {`[` + good + `]`, " type"},
		"no field":            {`{}`, "/orders required"},
		"null":                {`{"orders":null}`, "/orders type"},
		"no array":            {`{"orders":{}}`, "/orders type"},
		"no element":          {`{"orders":[]}`, "/orders item_count"},
		"too many":            {`{"orders":[` + good + `,` + good + `,` + good + `,` + good + `]}`, "/orders item_count"},
		"another field":       {`{"orders":[` + good + `],"x":1}`, "/x unknown_field"},
		"the field twice":     {`{"orders":[` + good + `],"orders":[` + good + `]}`, "/orders duplicate_field"},
		"cut":                 {`{"orders":[` + good + `,{"na`, " json_syntax"},
		"cut behind a comma":  {`{"orders":[` + good + `,`, " json_syntax"},
		"a comma too many":    {`{"orders":[` + good + `,]}`, " json_syntax"},
		"something behind":    {`{"orders":[` + good + `]} x`, " json_syntax"},
		"a bad element":       {`{"orders":[` + good + `,{"name":tru}]}`, " json_syntax"},
		"wrongly nested":      {`{"orders":[{"name":"a"],{"inner":1}}]}`, " json_syntax"},
		"not UTF-8":           {"{\"orders\":[{\"name\":\"\xff\"}]}", " not_utf8"},
		"deep nesting":        {`{"orders":[` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `]}`, " json_nesting"},
		"10,000 deep":         {`{"orders":[` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `]}`, " json_syntax"},
		"deep in front of it": {`{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"orders":[` + good + `]}`, " json_nesting"},
	} {
		t.Run(name, func(t *testing.T) {
			all, wrong := lists(t).Decode([]byte(c.body))
			if got := places(wrong); all != nil || !slices.Equal(got, []string{c.want}) {
				t.Errorf("%d elements, %q, want %q", len(all), got, c.want)
			}
		})
	}
}

// What is split into elements is JSON, and the elements are those that
// encoding/json finds.
func FuzzAListIsSplitAsJSONIs(f *testing.F) {
	form := lists(f)
	for _, seed := range []string{`{"orders":[` + good + `]}`, `{"orders":[1,"a]",{"x":[{}]}]}`, `{"\u006frders":[{}]}`, `{"orders":[tru]}`, `{"orders":[1 2]}`, `{"orders":[]}`, "{\"orders\":[{}\x00]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, wrong := form.Decode(data)
		if (all == nil) != (len(wrong) > 0) {
			t.Fatalf("%q: %d elements and %v", data, len(all), places(wrong))
		}
		if all == nil {
			return
		}
		var body struct{ Orders []json.RawMessage }
		if err := json.Unmarshal(data, &body); err != nil || len(body.Orders) != len(all) {
			t.Fatalf("%q: %d elements, encoding/json says %d, %v", data, len(all), len(body.Orders), err)
		}
		for i, e := range all {
			if string(e.Raw) != string(body.Orders[i]) {
				t.Fatalf("%q: element %d is %q, want %q", data, i, e.Raw, body.Orders[i])
			}
		}
	})
}
