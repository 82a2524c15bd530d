package config_test

import (
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

const banked = `data_dir: /a
utility: {bank: {name: 电力, account: "1001", cnaps: "102100099996"}}
partners:
  - {code: sky, in: push, out: push, bank: {name: Sky, account: "2002", bic: ICBKCNBJ}, netting: {gross_in: true, threshold: "12.50"}}
`

func TestBankAccountsAndNettingAreRead(t *testing.T) {
	c, err := config.Load(write(t, banked), nil)
	if err != nil {
		t.Fatal(err)
	}
	policies, err := c.Policies()
	if err != nil || len(policies) != 1 || policies[0].Threshold != 1_250 || !policies[0].GrossIn || policies[0].GrossOut {
		t.Errorf("policies %+v, %v", policies, err)
	}
	if p := c.Parties(); p.Utility.CNAPS != "102100099996" || p.Partners["sky"].BIC != "ICBKCNBJ" {
		t.Errorf("parties %+v", p)
	}
	if a := c.Settlement.Journal.Accounts(); a.Receivable != "1122.{partner}" || a.Settlement != "2203" {
		t.Errorf("accounts %+v", a)
	}
}

func TestMistakesInHowNightsArePaidAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a bad BIC":             {"ICBKCNBJ", "icbk", "partners[0].bank"},
		"no bank at all":        {`, cnaps: "102100099996"`, "", "utility.bank"},
		"a fraction of a fen":   {"12.50", "12.505", "partners[0].netting.threshold"},
		"a negative threshold":  {"12.50", "-1", "partners[0].netting.threshold"},
		"an account code":       {"data_dir: /a", "data_dir: /a\nsettlement: {journal: {bank: ' '}}", "settlement.journal.bank"},
		"holidays that are not": {"data_dir: /a", "data_dir: /a\nsettlement: {holidays: /nowhere.json}", "settlement.holidays"},
	} {
		changed := strings.Replace(banked, c.old, c.new, 1)
		if _, err := config.Load(write(t, changed), nil); changed == banked || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to name %s", name, err, c.want)
		}
	}
}
