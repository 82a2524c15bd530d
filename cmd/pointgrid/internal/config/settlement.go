package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// Settlement says how nights are paid and booked.
type Settlement struct {
	Holidays string  `yaml:"holidays" env:"HOLIDAYS" doc:"File with the public holidays of further years, in the form of settlement/calendar/china.json. Empty: those built in, 2024 to 2026. The notice for a year comes in November before."`
	Journal  Journal `yaml:"journal" envPrefix:"JOURNAL_"`
}

// Journal are account codes of the utility's general ledger.
type Journal struct {
	Receivable string `yaml:"receivable" env:"RECEIVABLE" doc:"What partners owe. In each code {partner} stands for the partner's."`
	Payable    string `yaml:"payable" env:"PAYABLE" doc:"What partners are owed."`
	Liability  string `yaml:"liability" env:"LIABILITY" doc:"The other side of both: the liability for points that moved."`
	Bank       string `yaml:"bank" env:"BANK" doc:"The bank account."`
}

// validateSettlement checks how nights are paid and booked.
func (c *Config) validateSettlement(wrong report) {
	if _, err := c.Holidays(); err != nil {
		wrong("settlement.holidays", "%v", err)
	}
	for key, code := range map[string]string{"receivable": c.Settlement.Journal.Receivable, "payable": c.Settlement.Journal.Payable,
		"liability": c.Settlement.Journal.Liability, "bank": c.Settlement.Journal.Bank} {
		if strings.TrimSpace(code) == "" || len(code) > 64 {
			wrong("settlement.journal."+key, "%q is not an account code of 1 to 64 bytes", code)
		}
	}
	c.Utility.Bank.validate(wrong, "utility.bank")
	for i := range c.Companies {
		p := &c.Companies[i]
		key := fmt.Sprintf("partners[%d]", i)
		p.Bank.validate(wrong, key+".bank")
		if _, err := p.Netting.policy(p.Code); err != nil {
			wrong(key+".netting.threshold", "%v", err)
		}
	}
}

func (b *BankAccount) validate(wrong report, key string) {
	if *b == (BankAccount{}) {
		return
	}
	party := b.party()
	if err := party.Validate(); err != nil {
		wrong(key, "%v", err)
	}
}

func (b *BankAccount) party() bank.Party {
	return bank.Party{Name: b.Name, Account: b.Account, BIC: b.BIC, CNAPS: b.CNAPS}
}

// Parties are the bank accounts that are configured.
func (c *Config) Parties() payment.Parties {
	all := payment.Parties{Utility: c.Utility.Bank.party(), Partners: map[string]bank.Party{}}
	for i := range c.Companies {
		all.Partners[c.Companies[i].Code] = c.Companies[i].Bank.party()
	}
	return all
}

// Policies say how partners settle. The configuration must be valid.
func (c *Config) Policies() (all []netting.Policy, _ error) {
	for i := range c.Companies {
		p, err := c.Companies[i].Netting.policy(c.Companies[i].Code)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (n *Netting) policy(partner string) (netting.Policy, error) {
	p := netting.Policy{Partner: partner, GrossIn: n.GrossIn, GrossOut: n.GrossOut, Clears: n.Clears}
	if n.Threshold == "" {
		return p, nil
	}
	cents, err := yuan(n.Threshold, 2)
	p.Threshold = cents
	return p, err
}

// yuan reads an amount of yuan exactly, in units of so many decimal places.
func yuan(text string, places int32) (int64, error) {
	d, err := decimal.NewFromString(text)
	n := d.Shift(places)
	if err != nil || !n.IsInteger() || n.IsNegative() || n.GreaterThan(decimal.New(ledger.ValueMax, 0)) || strings.ContainsAny(text, "eE") {
		return 0, fmt.Errorf("%q is not an amount of yuan with at most %d decimal places", text, places)
	}
	return n.IntPart(), nil
}

// Holidays are the public holidays that are built in, with those of the file that is
// configured.
func (c *Config) Holidays() (*calendar.Holidays, error) {
	built, err := calendar.China()
	if err != nil || c.Settlement.Holidays == "" {
		return built, err
	}
	f, err := os.Open(c.Settlement.Holidays)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := calendar.ParseHolidays(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Settlement.Holidays, err)
	}
	return built.With(h), nil
}

// Accounts are the codes of the journal.
func (j *Journal) Accounts() paper.Accounts {
	return paper.Accounts{Receivable: j.Receivable, Payable: j.Payable, Settlement: j.Liability, Bank: j.Bank}
}
