package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// spot is where a transfer stands, in whichever lane.
type spot struct {
	plain
	ledger.Locator
}

func (p *spot) encode(e *wire.Encoder) {
	e.Uint(uint64(p.Lane))
	e.Uint(p.Batch)
	e.Uint(uint64(p.Index))
}

func (p *spot) decode(d *wire.Decoder) {
	p.Locator = ledger.Locator{Lane: d.Uint32(), Batch: d.Uint(), Index: d.Uint32()}
}

// berth names a batch.
type berth struct {
	lane   uint32
	number uint64
}

// index enters a transfer's ID: in the page of its time while there is one lane,
// as a key of its own from when there are several.
func (w *work) index(id ledger.ID, at ledger.Locator) error {
	if w.lanes() > 1 {
		p, err := w.places.get(w, id)
		if err == nil {
			p.edit(&w.journal).Locator = at
		}
		return err
	}
	p, err := w.pages.get(w, slice(id))
	if err == nil {
		p.edit(&w.journal).add(id, at.Batch, at.Index)
	}
	return err
}

// locate returns where the transfer with an ID stands, of those committed.
func (w *work) locate(id ledger.ID) (at ledger.Locator, ok bool, err error) {
	p, err := w.pages.get(w, slice(id))
	if err != nil {
		return at, false, err
	}
	if number, index, ok := p.now.find(id); ok {
		return ledger.Locator{Batch: number, Index: index}, true, nil
	}
	if w.lanes() == 1 {
		return at, false, nil
	}
	x, err := w.places.get(w, id)
	return x.now.Locator, x.present, err
}
