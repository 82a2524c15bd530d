package conformance

import (
	"regexp"
	"strings"
	"testing"
)

func TestEachRuleHasItsPlaceInTheContract(t *testing.T) {
	document, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range Rules() {
		says, err := document.cite(rule.anchor)
		if err != nil {
			t.Errorf("%s: %v", rule.ID, err)
			continue
		}
		if says.Section == "" || says.Text == "" || !strings.Contains(document[says.Line-1], rule.anchor) {
			t.Errorf("%s: cited as %+v", rule.ID, says)
		}
		t.Logf("%s %s “%s”", rule.ID, says, says.Text)
	}
}

func TestRulesAreNamedOnceAndSayHowToPutAHostRight(t *testing.T) {
	form := regexp.MustCompile(`^CN-[A-Z]+-[0-9]{2}$`)
	seen := map[string]bool{}
	for _, rule := range Rules() {
		if !form.MatchString(rule.ID) || seen[rule.ID] || seen[rule.Title] {
			t.Errorf("%s %q is there twice, or misnamed", rule.ID, rule.Title)
		}
		seen[rule.ID], seen[rule.Title] = true, true
		if len(rule.Fix) < 20 || rule.Level != Must && rule.Level != Should || rule.check == nil {
			t.Errorf("%s is not complete", rule.ID)
		}
	}
}

func TestAPlaceThatIsNotThereOrNotTheOnlyOneIsAnError(t *testing.T) {
	document := contract{"a: 1", "b:", "  description: This is twice.", "  c: twice"}
	for _, anchor := range []string{"nowhere", "twice"} {
		if _, err := document.cite(anchor); err == nil {
			t.Errorf("%q was found", anchor)
		}
	}
	says, err := document.cite("description")
	if err != nil || says.Line != 3 || says.Section != "b" || says.Text != "This is twice." {
		t.Errorf("found %+v, %v", says, err)
	}
}
