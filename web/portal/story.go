package portal

import (
	"errors"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

func isNotFound(err error) bool { return errors.Is(err, exchange.ErrNotFound) }

// event is one thing that happened to a conversion, in the order in which it
// must have happened. Values are pairs for the words of the key portal.story.WORD.
type event struct {
	Word   string
	Level  string // ok, bad, warn or empty
	At     int64  // milliseconds since 1970; 0 when only the order is known
	Values []any
	Code   string // of a failure
	Detail string
}

// story tells what happened, from what is stored of the conversion.
func (p *Portal) story(v *visit, b *conversionBody, reversals []*exchange.Reversal) []event {
	c := b.Conversion
	asked := event{Word: "asked", Level: "ok", At: c.CreatedAt, Values: []any{"client", c.Party.Client, "key", c.Request.Key}}
	if !c.QuoteID.IsZero() {
		asked.Word, asked.Values = "asked_quote", append(asked.Values, "quote", c.QuoteID.String())
	}
	all := []event{asked}
	all = append(all, sourceMoved(c)...)
	if b.Receipt != nil {
		all = append(all, recorded(b.Receipt))
	}
	all = append(all, destinationMoved(c)...)
	all = append(all, end(c)...)
	for _, r := range reversals {
		all = append(all, p.taken(v, c, r)...)
	}
	return all
}

// sourceMoved tells how the source side was taken.
func sourceMoved(c *exchange.Conversion) []event {
	switch {
	case c.SourceMode == partners.Push:
		return []event{{Word: "pushed_debit", Level: "ok", Values: []any{"programme", c.Source, "reference", c.SourceReference}}}
	case c.SourceReference != "":
		return []event{{Word: "debited", Level: "ok", Values: []any{"programme", c.Source, "reference", c.SourceReference}}}
	case c.SourceMode == partners.Callback && c.Status == exchange.Processing:
		return []event{{Word: "debiting", Level: "warn", Values: []any{"programme", c.Source}}}
	case c.SourceMode == "" && c.DestinationMode == partners.Callback && c.Outcome == exchange.Completed:
		return []event{{Word: "held", Level: "ok"}}
	}
	return nil
}

func recorded(r *ledger.Receipt) event {
	e := event{Word: "recorded", Level: "ok", At: r.Transfer.At, Values: []any{"window", r.Transfer.Window.String(), "block", r.Block}}
	if r.Provisional {
		e.Word = "recorded_provisional"
	}
	return e
}

func destinationMoved(c *exchange.Conversion) []event {
	switch {
	case c.DestinationMode == partners.Push && c.DestinationReference != "":
		return []event{{Word: "pushed_credit", Level: "ok", Values: []any{"programme", c.Destination, "reference", c.DestinationReference}}}
	case c.DestinationReference != "":
		return []event{{Word: "credited", Level: "ok", Values: []any{"programme", c.Destination, "reference", c.DestinationReference}}}
	}
	return nil
}

// end tells how it ended, or what it waits for.
func end(c *exchange.Conversion) (all []event) {
	if c.EscalatedAt != 0 {
		all = append(all, event{Word: "escalated", Level: "warn", At: c.EscalatedAt})
	}
	if c.TurnedAt != 0 {
		all = append(all, event{Word: "turned", Level: "warn", At: c.TurnedAt})
	}
	last := event{Word: "waits", Level: "warn", Values: []any{"step", string(c.Step)}}
	switch c.Outcome {
	case exchange.Completed:
		last = event{Word: "completed", Level: "ok", At: c.FinishedAt}
	case exchange.Failed:
		last = event{Word: "failed", Level: "bad", At: c.FinishedAt}
	case exchange.Reversed:
		last = event{Word: "reversed", Level: "bad", At: c.FinishedAt}
	}
	if c.Failure != nil {
		last.Code, last.Detail = c.Failure.Code, c.Failure.Detail
	}
	return append(all, last)
}

// taken tells of a reversal that was asked for later.
func (p *Portal) taken(v *visit, c *exchange.Conversion, r *exchange.Reversal) []event {
	amount := p.sum(r.Source, r.Amount, v.company, c.In)
	all := []event{{Word: "reversal_asked", At: r.CreatedAt, Values: []any{"amount", amount.Text(), "reason", r.Reason}}}
	switch r.Status {
	case exchange.Completed:
		all = append(all, event{Word: "reversal_done", Level: "ok", At: r.FinishedAt})
	case exchange.Failed:
		e := event{Word: "reversal_failed", Level: "bad", At: r.FinishedAt}
		if r.Failure != nil {
			e.Code, e.Detail = r.Failure.Code, r.Failure.Detail
		}
		all = append(all, e)
	default:
		all = append(all, event{Word: "reversal_waits", Level: "warn", Values: []any{"step", string(r.Step)}})
	}
	return all
}
