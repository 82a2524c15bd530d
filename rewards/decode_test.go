package rewards_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/rewards"
	"pgregory.net/rapid"
)

func TestTermsSurviveTheirEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t, "rule")
		b, err := terms.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := rewards.DecodeTerms(b)
		if err != nil || !reflect.DeepEqual(back, terms) {
			t.Fatalf("%s is read as %+v, %v", b, back, err)
		}
	})
}

// What is decoded either makes sense, and then comes out as it went in, or is
// refused; nothing makes the points overflow.
func FuzzDecodeTerms(f *testing.F) {
	terms := ladderOfSteps()
	b, err := terms.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"code":"a1","name":"n","kind":"feedback","effective_from":0,"fixed":"10","day_cap":"0","lot_months":1}`))
	f.Add([]byte(`{"code":"a1","steps":[{"from":"10000000000","per_yuan":"1000"}],"channels":{"app":"100"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		terms, err := rewards.DecodeTerms(data)
		if err != nil || terms.Validate(rewards.DefaultLadder(), rewards.DefaultChannels()) != nil {
			return
		}
		again, err := terms.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := rewards.DecodeTerms(again)
		if twice, err2 := back.Encode(); err != nil || err2 != nil || !bytes.Equal(again, twice) {
			t.Fatalf("%s is read and written as %s, %v, %v", again, twice, err, err2)
		}
		e := rewards.Event{Kind: terms.Kind, Channel: "app", Amount: 10_000_000_000, OccurredAt: terms.From}
		x := rewards.NewBook([]rewards.Rule{{Terms: terms, Version: 1, State: rewards.Approved}}).Points(&e, "standard", func(string) int64 { return 0 })
		if x.Points < 0 || x.Whole < 0 || x.Lost < 0 || x.Cut < 0 {
			t.Fatalf("%s gives %+v", data, x)
		}
	})
}

func TestTermsThatContradictThemselvesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rewards.Terms)
		field  string
	}{
		"a code with capitals":        {func(t *rewards.Terms) { t.Code = "Pay" }, "code"},
		"no name":                     {func(t *rewards.Terms) { t.Name = "" }, "name"},
		"an unknown kind":             {func(t *rewards.Terms) { t.Kind = "birthday" }, "kind"},
		"an end before the beginning": {func(t *rewards.Terms) { t.From, t.Until = 5, 5 }, "effective_until"},
		"nothing given":               {func(t *rewards.Terms) { t.Steps = nil }, "steps"},
		"a negative cap":              {func(t *rewards.Terms) { t.DayCap = -1 }, "day_cap"},
		"points for no time":          {func(t *rewards.Terms) { t.LotMonths = 0 }, "lot_months"},
		"steps out of order":          {func(t *rewards.Terms) { t.Steps[1].From = 0 }, "steps/1/from"},
		"a larger payment for less":   {func(t *rewards.Terms) { t.Steps[2].PerYuan = 1 }, "steps/2/per_yuan"},
		"a rate beyond all measure":   {func(t *rewards.Terms) { t.Steps[2].PerYuan = 1001 * 10_000 }, "steps/2/per_yuan"},
		"an unknown channel":          {func(t *rewards.Terms) { t.Channels["pigeon"] = 1 }, "channels"},
		"a factor beyond all measure": {func(t *rewards.Terms) { t.Channels["app"] = 101 * 10_000 }, "channels/app"},
		"a strange segment":           {func(t *rewards.Terms) { t.Segments = []string{"<b>"} }, "segments/0"},
		"an unknown tier":             {func(t *rewards.Terms) { t.Tiers = []string{"diamond"} }, "tiers/0"},
	} {
		t.Run(name, func(t *testing.T) {
			terms := ladderOfSteps()
			c.change(&terms)
			err := terms.Validate(rewards.DefaultLadder(), rewards.DefaultChannels())
			refusedWith(t, err, rewards.CodeRuleInvalid)
			if !strings.Contains(err.Error(), "must") && !strings.Contains(err.Error(), "none of") && !strings.Contains(err.Error(), "no such") && !strings.Contains(err.Error(), "ascend") && !strings.Contains(err.Error(), "gives") {
				t.Errorf("%v does not say what would be right", err)
			}
			if r, ok := err.(*rewards.Refusal); ok && r.Field != c.field {
				t.Errorf("the field is %s, want %s", r.Field, c.field)
			}
		})
	}
	good := ladderOfSteps()
	must(t, good.Validate(rewards.DefaultLadder(), rewards.DefaultChannels()))
}
