package paper

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pointgrid/pointgrid/internal/sheet"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// Accounts are codes of the general ledger. "{partner}" in a code stands for the
// partner's.
type Accounts struct {
	Receivable string `json:"receivable"` // what partners owe
	Payable    string `json:"payable"`    // what partners are owed
	Settlement string `json:"settlement"` // the other side: the liability for points that moved
	Bank       string `json:"bank"`
}

// Posting is one line of a voucher. One of Debit and Credit is 0.
type Posting struct {
	Date          ledger.Date
	Voucher       string
	Account       string
	Partner       string
	Debit, Credit int64 // cents
	Text          string
}

// ErrUnbalanced is returned for a voucher whose sides differ; nothing is written.
var ErrUnbalanced = errors.New("paper: a voucher does not balance")

// Accrue makes the postings of a window that was netted: a voucher for each line
// that is payable. Once paid, Pay turns them around.
func (a Accounts) Accrue(window ledger.Date, lines []netting.Line) []Posting {
	var all []Posting
	for _, l := range lines {
		debit, credit, amount := a.Receivable, a.Settlement, l.Payable
		if l.Payable < 0 {
			debit, credit, amount = a.Settlement, a.Payable, -l.Payable
		}
		text := fmt.Sprintf("points settlement %s, %s", window, l.Channel)
		all = append(all, pair(window, fmt.Sprintf("A-%s-%s-%s", window, l.Partner, l.Channel), debit, credit, l.Partner, amount, text)...)
	}
	return all
}

// Pay makes the postings of what was paid between the utility and partners on a
// day. What partners paid each other in the clearing moves between their accounts.
func (a Accounts) Pay(day, window ledger.Date, payments []netting.Payment) []Posting {
	var all []Posting
	for _, p := range payments {
		voucher := fmt.Sprintf("P-%s-%s-%s-%s", window, orUtility(p.Payer), orUtility(p.Payee), p.Channel)
		text := fmt.Sprintf("payment of points settlement %s, %s", window, p.Channel)
		debit, credit := posted(a.Bank, p.Payer), posted(a.Receivable, p.Payer)
		if p.Payer == "" || p.Payee != "" {
			debit = posted(a.Payable, p.Payee)
		}
		if p.Payer == "" {
			credit = posted(a.Bank, p.Payee)
		}
		all = append(all, pair(day, voucher, debit, credit, orOther(p.Payer, p.Payee), p.Cents, text)...)
	}
	return all
}

func orUtility(code string) string { return orOther(code, "utility") }

func orOther(code, other string) string {
	if code == "" {
		return other
	}
	return code
}

func posted(account, partner string) string { return strings.ReplaceAll(account, "{partner}", partner) }

// pair is a voucher of two postings; of nothing there is none.
func pair(day ledger.Date, voucher, debit, credit, partner string, amount int64, text string) []Posting {
	if amount == 0 {
		return nil
	}
	return []Posting{{Date: day, Voucher: voucher, Account: posted(debit, partner), Partner: partner, Debit: amount, Text: text},
		{Date: day, Voucher: voucher, Account: posted(credit, partner), Partner: partner, Credit: amount, Text: text}}
}

// WriteJournal writes postings as CSV, after checking that each voucher balances
// and names an account ([ErrUnbalanced]).
func WriteJournal(w io.Writer, postings []Posting) error {
	if err := balanced(postings); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	all := [][]string{{"date", "voucher", "account", "partner", "debit_cny", "credit_cny", "text"}}
	for _, p := range postings {
		all = append(all, []string{p.Date.String(), sheet.Plain(p.Voucher), sheet.Plain(p.Account), p.Partner, side(p.Debit), side(p.Credit), sheet.Plain(p.Text)})
	}
	return out.WriteAll(all)
}

func side(n int64) string {
	if n == 0 {
		return ""
	}
	return cents(n)
}

func balanced(postings []Posting) error {
	sums := map[string]int64{}
	for _, p := range postings {
		if p.Account == "" || p.Debit < 0 || p.Credit < 0 || (p.Debit == 0) == (p.Credit == 0) || p.Debit > bank.CentsMax || p.Credit > bank.CentsMax {
			return fmt.Errorf("%w: a posting of voucher %s has no account, or not one amount", ErrUnbalanced, p.Voucher)
		}
		sums[p.Voucher] += p.Debit - p.Credit // fits: each is at most 10^14
	}
	for voucher, left := range sums {
		if left != 0 {
			return fmt.Errorf("%w: %s, by %s yuan", ErrUnbalanced, voucher, cents(left))
		}
	}
	return nil
}
