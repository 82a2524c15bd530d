package bank

import (
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// The elements of camt.053 and camt.054 that are used. Versions differ in a few:
// a status is text before 001.04 and a code after, a party has a level more since
// 001.03. Both are read.

type camtAmount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

type camtAccount struct {
	IBAN  string `xml:"Id>IBAN"`
	Other string `xml:"Id>Othr>Id"`
}

func (a *camtAccount) number() string {
	if a.IBAN != "" {
		return strings.TrimSpace(a.IBAN)
	}
	return strings.TrimSpace(a.Other)
}

type camtDate struct {
	Day    string `xml:"Dt"`
	Moment string `xml:"DtTm"`
}

type camtBalance struct {
	Type   string     `xml:"Tp>CdOrPrtry>Cd"`
	Amount camtAmount `xml:"Amt"`
	Sign   string     `xml:"CdtDbtInd"`
}

type camtSummary struct {
	Entries *struct {
		Count string `xml:"NbOfNtries"`
		Sum   string `xml:"Sum"`
	} `xml:"TtlNtries"`
}

type camtEntry struct {
	Amount    camtAmount `xml:"Amt"`
	Sign      string     `xml:"CdtDbtInd"`
	Reversal  string     `xml:"RvslInd"`
	Status    camtStatus `xml:"Sts"`
	Booked    camtDate   `xml:"BookgDt"`
	Valued    camtDate   `xml:"ValDt"`
	Reference string     `xml:"AcctSvcrRef"`
	Details   []camtTx   `xml:"NtryDtls>TxDtls"`
}

type camtStatus struct {
	Code string `xml:"Cd"`
	Text string `xml:",chardata"`
}

type camtTx struct {
	Reference string      `xml:"Refs>EndToEndId"`
	BankRef   string      `xml:"Refs>AcctSvcrRef"`
	Amount    *camtAmount `xml:"Amt"`
	Older     *camtAmount `xml:"AmtDtls>TxAmt>Amt"`
	Payer     camtParty   `xml:"RltdPties>Dbtr"`
	PayerAcct camtAccount `xml:"RltdPties>DbtrAcct"`
	Payee     camtParty   `xml:"RltdPties>Cdtr"`
	PayeeAcct camtAccount `xml:"RltdPties>CdtrAcct"`
	Text      []string    `xml:"RmtInf>Ustrd"`
}

type camtParty struct {
	Name  string `xml:"Nm"`
	Newer string `xml:"Pty>Nm"`
}

func (p *camtParty) name() string {
	if p.Newer != "" {
		return strings.TrimSpace(p.Newer)
	}
	return strings.TrimSpace(p.Name)
}

// confirmations are the movements of an entry: itself, or its details, which must
// then add up to it.
func (e *camtEntry) confirmations(account string) ([]Confirmation, error) {
	base, err := e.base(account)
	if err != nil {
		return nil, err
	}
	if len(e.Details) == 0 {
		return []Confirmation{base}, nil
	}
	all, sum := make([]Confirmation, 0, len(e.Details)), int64(0)
	for i := range e.Details {
		c, err := e.Details[i].confirmation(base, len(e.Details) == 1)
		if err != nil {
			return nil, err
		}
		var ok bool
		if sum, ok = ledger.Add(sum, c.Cents); !ok {
			return nil, bad("details that are too large")
		}
		all = append(all, c)
	}
	if sum != base.Cents {
		return nil, bad("details of %s yuan in an entry of %s", yuan(sum), yuan(base.Cents))
	}
	return all, nil
}

func (e *camtEntry) base(account string) (Confirmation, error) {
	c := Confirmation{Account: account, Currency: e.Amount.Currency, BankReference: strings.TrimSpace(e.Reference), Returned: truth(e.Reversal)}
	var err error
	if c.Cents, err = parseCents(e.Amount.Value); err != nil {
		return c, bad("%v", err)
	}
	switch strings.TrimSpace(e.Sign) {
	case "DBIT":
		c.Debit = true
	case "CRDT":
	default:
		return c, bad("CdtDbtInd is %q, must be CRDT or DBIT", clip(e.Sign))
	}
	switch status := strings.TrimSpace(e.Status.Code + e.Status.Text); status {
	case "BOOK":
		c.Booked = true
	case "PDNG", "INFO", "FUTR":
	default:
		return c, bad("status is %q, must be BOOK, PDNG, INFO or FUTR", clip(status))
	}
	if !c.Booked && e.Booked == (camtDate{}) && e.Valued == (camtDate{}) {
		return c, nil
	}
	when := e.Booked
	if when == (camtDate{}) {
		when = e.Valued
	}
	c.Date, err = date(when.Day, when.Moment)
	return c, err
}

func truth(s string) bool { s = strings.TrimSpace(s); return s == "true" || s == "1" }

func (t *camtTx) confirmation(c Confirmation, only bool) (Confirmation, error) {
	amount := t.Amount
	if amount == nil {
		amount = t.Older
	}
	switch {
	case amount != nil:
		var err error
		if c.Cents, err = parseCents(amount.Value); err != nil {
			return c, bad("%v", err)
		}
		c.Currency = amount.Currency
	case !only:
		return c, bad("an entry with several details must say the amount of each")
	}
	if ref := strings.TrimSpace(t.Reference); ref != "NOTPROVIDED" {
		c.Reference = ref
	}
	if ref := strings.TrimSpace(t.BankRef); ref != "" {
		c.BankReference = ref
	}
	c.Payer = Party{Name: t.Payer.name(), Account: t.PayerAcct.number()}
	c.Payee = Party{Name: t.Payee.name(), Account: t.PayeeAcct.number()}
	c.Text = strings.TrimSpace(strings.Join(t.Text, " "))
	return c, nil
}
