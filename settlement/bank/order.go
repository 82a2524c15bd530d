package bank

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Order is a file of payments for one bank.
type Order struct {
	ID        string    // unique among our orders: 1 to 35 characters as of a reference
	At        time.Time // when it was made
	Execute   ledger.Date
	Initiator string // our name, 1 to 140 characters
	Payments  []Payment
}

// PaymentsMax bounds one order.
const PaymentsMax = 10_000

// Validate reports what the schema or a bank would refuse, [ErrInvalid].
func (o *Order) Validate() error {
	err := errors.Join(checkIdentifier("ID of the order", o.ID), checkText("initiator", o.Initiator, 1, 140))
	if len(o.Payments) < 1 || len(o.Payments) > PaymentsMax {
		return errors.Join(err, invalid("%d payments, must be 1 to %d", len(o.Payments), PaymentsMax))
	}
	if len(o.ID) > 30 {
		return errors.Join(err, invalid("ID of the order must leave 5 characters for the number of a group"))
	}
	seen := map[string]bool{}
	for i := range o.Payments {
		p := &o.Payments[i]
		if seen[p.Reference] {
			err = errors.Join(err, invalid("reference %s is used twice", p.Reference))
		}
		seen[p.Reference] = true
		err = errors.Join(err, p.Validate())
	}
	return err
}

// WriteOrder writes a valid order as pain.001.001.09, one group per payer.
func WriteOrder(w io.Writer, o *Order) error {
	if err := o.Validate(); err != nil {
		return err
	}
	doc := o.document()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// The elements of pain.001 that are used, in the order of the schema.
type painDocument struct {
	XMLName xml.Name    `xml:"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09 Document"`
	Header  painHeader  `xml:"CstmrCdtTrfInitn>GrpHdr"`
	Groups  []painGroup `xml:"CstmrCdtTrfInitn>PmtInf"`
}

type painHeader struct {
	ID    string `xml:"MsgId"`
	At    string `xml:"CreDtTm"`
	Count int    `xml:"NbOfTxs"`
	Sum   string `xml:"CtrlSum"`
	By    string `xml:"InitgPty>Nm"`
}

type painGroup struct {
	ID        string         `xml:"PmtInfId"`
	Method    string         `xml:"PmtMtd"`
	Count     int            `xml:"NbOfTxs"`
	Sum       string         `xml:"CtrlSum"`
	Execute   string         `xml:"ReqdExctnDt>Dt"`
	Payer     string         `xml:"Dbtr>Nm"`
	Account   painAccount    `xml:"DbtrAcct"`
	Bank      painBank       `xml:"DbtrAgt>FinInstnId"`
	Transfers []painTransfer `xml:"CdtTrfTxInf"`
}

type painTransfer struct {
	Reference string      `xml:"PmtId>EndToEndId"`
	Amount    painAmount  `xml:"Amt>InstdAmt"`
	Bank      painBank    `xml:"CdtrAgt>FinInstnId"`
	Payee     string      `xml:"Cdtr>Nm"`
	Account   painAccount `xml:"CdtrAcct"`
	Text      *painText   `xml:"RmtInf"`
}

type painText struct {
	Lines string `xml:"Ustrd"`
}

type painAmount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

type painAccount struct {
	ID string `xml:"Id>Othr>Id"`
}

type painBank struct {
	BIC    string      `xml:"BICFI,omitempty"`
	Member *painMember `xml:"ClrSysMmbId"`
}

type painMember struct {
	System string `xml:"ClrSysId>Cd"`
	ID     string `xml:"MmbId"`
}

func bankOf(p *Party) painBank {
	b := painBank{BIC: p.BIC}
	if p.CNAPS != "" {
		b.Member = &painMember{System: "CNAPS", ID: p.CNAPS}
	}
	return b
}

func (o *Order) document() *painDocument {
	d := &painDocument{}
	groups := map[Party]int{}
	var sums []int64
	total := int64(0)
	for i := range o.Payments {
		p := &o.Payments[i]
		at, ok := groups[p.Payer]
		if !ok {
			at = len(d.Groups)
			groups[p.Payer] = at
			d.Groups = append(d.Groups, o.group(&p.Payer, at))
			sums = append(sums, 0)
		}
		d.Groups[at].Transfers = append(d.Groups[at].Transfers, transfer(p))
		sums[at] += p.Cents // fits: at most 10,000 times 10^14
		total += p.Cents
	}
	for i := range d.Groups {
		d.Groups[i].Count, d.Groups[i].Sum = len(d.Groups[i].Transfers), yuan(sums[i])
	}
	d.Header = painHeader{ID: o.ID, At: o.At.Format("2006-01-02T15:04:05.000Z07:00"), Count: len(o.Payments), Sum: yuan(total), By: o.Initiator}
	return d
}

func (o *Order) group(payer *Party, n int) painGroup {
	return painGroup{ID: o.ID + "-" + strconv.Itoa(n), Method: "TRF", Execute: o.Execute.String(), Payer: payer.Name,
		Account: painAccount{payer.Account}, Bank: bankOf(payer)}
}

func transfer(p *Payment) painTransfer {
	t := painTransfer{Reference: p.Reference, Amount: painAmount{Currency, yuan(p.Cents)}, Bank: bankOf(&p.Payee), Payee: p.Payee.Name,
		Account: painAccount{p.Payee.Account}}
	if p.Text != "" {
		t.Text = &painText{p.Text}
	}
	return t
}
