package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// past is the history that was carried over; without a value for a ledger that
// was born where it is.
type past struct {
	plain
	ledger.History
}

func (p *past) encode(e *wire.Encoder) {
	e.Uint(p.Blocks)
	e.Raw(p.Hash[:])
	e.Uint(uint64(len(p.Companies)))
	for _, msp := range p.Companies {
		e.String(msp)
	}
	e.Uint(uint64(len(p.Adopted)))
	for i := range p.Adopted {
		p.Adopted[i].By.Append(e)
		e.Int(p.Adopted[i].At)
	}
}

func (p *past) decode(d *wire.Decoder) {
	p.Blocks = d.Uint()
	copy(p.Hash[:], d.Raw(len(p.Hash)))
	p.Companies = make([]string, d.Count(1))
	for i := range p.Companies {
		p.Companies[i] = d.String()
	}
	if n := d.Count(3); n > 0 {
		p.Adopted = make([]ledger.Adoption, n)
	}
	for i := range p.Adopted {
		p.Adopted[i] = ledger.Adoption{By: ledger.ReadIdentity(d), At: d.Int()}
	}
}

func (p *past) fault() string {
	if p.Blocks == 0 || len(p.Companies) == 0 {
		return "history of nothing or nobody"
	}
	return ""
}

// open reports whether companies have yet to adopt the history.
func (p *past) open() bool { return len(p.Missing()) > 0 }

// join notes that a company takes part, and tells whether it is new.
func (p *past) join(msp string) bool {
	if slices.Contains(p.Companies, msp) {
		return false
	}
	p.Companies = append(slices.Clone(p.Companies), msp)
	return true
}

// History returns the past that was carried over, or [ledger.ErrNotFound] on a
// ledger that has none.
func History(r Reader) (ledger.History, error) {
	p, ok, err := read[past](r, keyHistory)
	if err == nil && !ok {
		err = notFound("the ledger was not carried over from another home")
	}
	return p.History, err
}

// unadopted refuses every command while companies have yet to adopt the past.
func (w *work) unadopted(results []ledger.Result) bool {
	if !w.history.present || !w.history.now.open() {
		return false
	}
	for i := range results {
		if results[i].Code == "" {
			results[i] = ledger.Result{Code: ledger.CodeHistoryUnadopted,
				Message: "the ledger was carried over and takes commands when every company has adopted it"}
		}
	}
	return true
}
