package bulkfile

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
)

// batch is lines that are converted together, and what became of them.
type batch struct {
	results  []result
	requests []exchange.ConvertRequest // of those lines that could be read
	whose    []int                     // the result of each request
	doubtful []bool                    // of each request: an earlier try may have converted it
	twin     []bool                    // of each request: an earlier line of the batch has its reference
}

// read reads the next lines. Empty ones have no result.
func (r *run) read() (*batch, error) {
	b := &batch{}
	seen := map[string]bool{}
	for len(b.results) < r.o.BatchMax {
		line, err := r.lines.next()
		if errors.Is(err, io.EOF) && r.lines.position == r.file.Bytes {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("bulkfile: content: %w", err)
		}
		if line != nil && len(line) == 0 {
			continue
		}
		b.results = append(b.results, result{Line: r.lines.number})
		asked, wrong := r.parse(line, &b.results[len(b.results)-1])
		if wrong != nil {
			b.results[len(b.results)-1].fail(wrong.code, wrong.detail)
			continue
		}
		b.requests, b.whose = append(b.requests, asked), append(b.whose, len(b.results)-1)
		b.doubtful, b.twin = append(b.doubtful, r.doubt), append(b.twin, seen[asked.Reference])
		seen[asked.Reference] = true
	}
	return b, nil
}

func (r *run) parse(line []byte, res *result) (exchange.ConvertRequest, *refused) {
	if line == nil {
		return exchange.ConvertRequest{}, &refused{CodeLineTooLong, fmt.Sprintf("a line has at most %d bytes", r.o.LineMax)}
	}
	parse := parseNDJSON
	if r.file.Format == CSV {
		parse = func(line []byte) (values, *refused) { return parseCSV(line, r.order) }
	}
	v, wrong := parse(line)
	if wrong != nil {
		return exchange.ConvertRequest{}, wrong
	}
	if validReference(v.reference()) {
		res.Reference = v.reference()
	}
	return v.request(r.file)
}

// batchWait is how long a batch waits for its conversions at a time.
const batchWait = 10 * time.Second

// convert converts until every line of the batch has its result.
func (r *run) convert(b *batch) error {
	for pause := r.o.RetryFirst; len(b.requests) > 0; pause = min(2*pause, r.o.RetryMax) {
		select {
		case r.slots <- struct{}{}:
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
		outcomes := r.o.Exchange.ConvertMany(r.ctx, r.file.Party, b.requests, batchWait)
		<-r.slots
		if r.settle(b, outcomes); len(b.requests) > 0 && !r.pause(pause) {
			return r.ctx.Err()
		}
	}
	return nil
}

// settle writes down the outcomes and leaves in the batch what has none yet.
func (r *run) settle(b *batch, outcomes []exchange.Outcome) {
	left := 0
	for i, o := range outcomes {
		if r.decide(b, i, o) {
			continue
		}
		var busy *exchange.Busy
		b.requests[left], b.whose[left], b.twin[left] = b.requests[i], b.whose[i], b.twin[i]
		b.doubtful[left] = b.doubtful[i] || !errors.As(o.Err, &busy)
		left++
	}
	b.requests, b.whose = b.requests[:left], b.whose[:left]
}

// decide writes down an outcome, and reports false when it is none yet.
func (r *run) decide(b *batch, i int, o exchange.Outcome) bool {
	res := &b.results[b.whose[i]]
	var refusal *exchange.Refusal
	switch {
	case errors.Is(o.Err, exchange.ErrKeyReused):
		res.fail(CodeReferenceReused, "another line, of this file or an earlier one, has the reference and asks for something else")
	case errors.As(o.Err, &refusal):
		res.fail(refusal.Code, refusal.Detail)
	case o.Err != nil:
		r.logUndecided(o.Err)
		return false
	case o.Conversion.Outcome == "":
		rule, _ := o.Conversion.Review()
		if rule != "" {
			res.held(o.Conversion, rule)
		}
		return rule != ""
	default:
		ours := !o.Replayed || b.doubtful[i] && o.Conversion.CreatedAt >= r.file.UpdatedAt
		res.ended(o.Conversion, b.twin[i] || !ours)
	}
	return true
}

// logUndecided notes what is not just a full house.
func (r *run) logUndecided(err error) {
	var busy *exchange.Busy
	if !errors.As(err, &busy) && !errors.Is(err, exchange.ErrStillRunning) && r.ctx.Err() == nil {
		r.o.Logger.Warn("a line of a file has no outcome yet", "id", r.file.ID.String(), "error", err)
	}
}

// count adds the results to what was done before.
func (b *batch) count(p *Progress) {
	for i := range b.results {
		switch b.results[i].Outcome {
		case outcomeConverted:
			p.Succeeded++
		case outcomeRepeated:
			p.Repeated++
		case outcomeHeld:
			p.Held++
		default:
			p.Failed++
		}
	}
}
