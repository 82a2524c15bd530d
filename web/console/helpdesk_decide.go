package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

// onDispute carries out a form about a dispute at the version at which it was seen.
func (c *Console) onDispute(form, word string, do func(v *visit, id ledger.ID, version int64) error) func(*visit) error {
	return func(v *visit) error {
		id, err := ledger.ParseID(v.r.PathValue("id"))
		if err != nil {
			return errNotFound
		}
		version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
		if err != nil {
			return errNotFound // no form of ours lacks it
		}
		if err = do(v, id, version); err == nil {
			return c.done(v, "/support/disputes/"+id.String(), word)
		}
		r := helped(err)
		if r == nil {
			return notThere(err)
		}
		status := http.StatusUnprocessableEntity
		if errors.Is(err, support.ErrChanged) {
			status = http.StatusConflict
		}
		return c.disputePage(v, status, r, typed{Form: form, Text: v.r.PostForm.Get("text"), Value: v.r.PostForm.Get("amount"), Action: v.r.PostForm.Get("remedy")})
	}
}

func (c *Console) takeDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Take(v.r.Context(), v.staff(), id, version)
	return err
}

func (c *Console) messageDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Message(v.r.Context(), v.staff(), id, version, support.To(v.r.PostForm.Get("to")), filled(v, "text"))
	return err
}

func (c *Console) proposeDispute(v *visit, id ledger.ID, version int64) error {
	p := support.Proposal{Outcome: support.Outcome(v.r.PostForm.Get("outcome")), Text: filled(v, "text")}
	if p.Outcome == support.Upheld {
		var err error
		p.Remedy = support.RemedyKind(v.r.PostForm.Get("remedy"))
		if p.Remedy == support.Reverse || p.Remedy == support.Return {
			if p.Amount, err = c.remedyAmount(v, id, p.Remedy); err != nil {
				return err
			}
		}
		if p.Goodwill, err = whole(filled(v, "goodwill")); err != nil {
			return err
		}
	}
	_, err := c.o.Helpdesk.Support.Propose(v.r.Context(), v.staff(), id, version, p)
	return err
}

// remedyAmount reads how much is taken back: pieces, or points of the source programme
// with its decimal places.
func (c *Console) remedyAmount(v *visit, id ledger.ID, kind support.RemedyKind) (int64, error) {
	if kind != support.Reverse {
		return whole(filled(v, "amount"))
	}
	d, _, err := c.o.Helpdesk.Support.Story(v.r.Context(), id)
	if err != nil {
		return 0, err
	}
	one, err := c.conversionStory(v, d.Subject)
	if err != nil {
		return 0, err
	}
	text := strings.ReplaceAll(filled(v, "amount"), ",", "")
	if n, err := decimal.NewFromString(text); err == nil && len(text) <= 24 && !strings.ContainsAny(text, "eE") {
		if n = n.Shift(int32(one.Scale)); n.IsInteger() && n.BigInt().IsInt64() {
			return n.IntPart(), nil
		}
	}
	return 0, &support.Refusal{Code: support.CodeInvalid, Detail: "the amount must be a number with at most " + strconv.Itoa(int(one.Scale)) + " decimal places"}
}

// whole reads a number of points or pieces; nothing is 0.
func whole(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &support.Refusal{Code: support.CodeInvalid, Detail: "a number of points has digits only"}
	}
	return n, nil
}

func (c *Console) approveDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Approve(v.r.Context(), v.staff(), id, version)
	return err
}

func (c *Console) rejectDispute(v *visit, id ledger.ID, version int64) error {
	_, err := c.o.Helpdesk.Support.Reject(v.r.Context(), v.staff(), id, version, filled(v, "text"))
	return err
}

// downloadProof sends the ledger's proof of a transfer.
func (c *Console) downloadProof(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	receipt, err := c.o.Ledger.Receipt(v.r.Context(), id)
	if err != nil {
		return notThere(err)
	}
	b, err := json.MarshalIndent(&receipt, "", "  ")
	if err != nil {
		return err
	}
	v.file("receipt-"+id.String()+".json", "application/json")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}
