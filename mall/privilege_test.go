package mall_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestOnlyWhoMaySeesAndBuysFromTheExclusiveShelf(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	p := malltest.Product("piano", mall.Goods)
	p.Exclusive = true
	must(t, w.SaveProduct(ctx, "ops", p))
	_, err := w.AddStock(ctx, "ops", "piano", 3, 0, "")
	must(t, err)
	for member, open := range map[string]bool{w.member(1, 1000): false, w.member(7, 1000): true, w.member(8, 1000): true, "": true} {
		found, err := w.Browse(ctx, mall.Viewer{Member: member}, mall.ProductFilter{Access: mall.ExclusiveOnly, Limit: 9}, "")
		if err != nil || (len(found) == 1) != open {
			t.Errorf("%q sees %d exclusive products, %v", member, len(found), err)
		}
		all, err := w.Browse(ctx, mall.Viewer{Member: member}, mall.ProductFilter{Limit: 200}, "bulb")
		if want := map[bool]int{true: 6, false: 5}[open]; err != nil || len(all) != want {
			t.Errorf("%q finds %d products, %v; want %d", member, len(all), err, want)
		}
		if _, err := w.Show(ctx, mall.Viewer{Member: member}, "piano"); (err == nil) != open || !open && !errors.Is(err, mall.ErrNotFound) {
			t.Errorf("%q is shown it: %v", member, err)
		}
	}
	forged := w.request("M-1", "piano")
	forged.Address = w.request("M-1", "lamp").Address
	_, _, err = w.Place(ctx, forged, 0)
	refusal(t, err, mall.CodeTierExcluded)
	forged.Member, forged.Key = "M-7", "gold's"
	if o := w.place(forged); o.Step != mall.StepDispatch || o.Fast {
		t.Errorf("gold's order is at %s, fast %v", o.Step, o.Fast)
	}
}

func TestTheFastChannelIsServedFirst(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	var want []string
	for _, n := range []int{1, 8, 7, 8} {
		w.member(n, 1000)
	}
	for _, m := range []string{"M-1", "M-8", "M-7", "M-8"} {
		w.place(w.request(m, "audit"))
		w.clock.advance(time.Second) // orders of one millisecond are in no order
	}
	want = []string{"M-8", "M-8", "M-1", "M-7"}
	var after ledger.ID
	fast := false
	for i := range want {
		page, err := w.Orders(ctx, mall.OrderFilter{Waiting: true, After: after, AfterFast: fast, Limit: 1})
		must(t, err)
		if len(page) != 1 || page[0].Member != want[i] {
			t.Fatalf("number %d in the queue is %+v, want %s", i+1, page, want[i])
		}
		after, fast = page[0].ID, page[0].Fast
	}
}

// fourEyes is a mall in which nobody changes prices alone.
func fourEyes(t *testing.T) *world {
	w := newWorld(t, malltest.NewMemory())
	must(t, w.Close(context.Background()))
	w.options.FourEyes = true
	w.open(w.options)
	return w
}

func TestNobodyChangesAPriceAlone(t *testing.T) {
	w := fourEyes(t)
	ctx := context.Background()
	get := func() *mall.Product {
		s, err := w.Show(ctx, mall.Viewer{}, "lamp")
		must(t, err)
		s.Product.Version++
		return s.Product
	}
	named := get()
	named.Name.EN = "A lamp"
	must(t, w.SaveProduct(ctx, "lin", named)) // words are nobody's money
	for what, change := range map[string]func(*mall.Product){
		"another price": func(p *mall.Product) { p.Prices[0].Points = 1 },
		"a bonus":       func(p *mall.Product) { p.Bonus = mall.Ratio{Num: 2, Den: 1} },
		"a new product": func(p *mall.Product) { p.ID, p.Version = "gold-bar", 1 },
	} {
		p := get()
		change(p)
		if refusal(t, w.SaveProduct(ctx, "lin", p), mall.CodeApprovalNeeded); t.Failed() {
			t.Log(what)
		}
	}
	cheaper := get()
	cheaper.Prices[0].Points = 80
	x, err := w.Propose(ctx, "lin", cheaper, "autumn")
	must(t, err)
	if _, err := w.Propose(ctx, "wu", cheaper, ""); !errors.Is(err, mall.ErrProposed) {
		t.Errorf("a second proposal: %v", err)
	}
	_, err = w.Approve(ctx, "lin", x.ID)
	refusal(t, err, mall.CodeSamePerson)
	if get().Prices[0].Points != pricePoints {
		t.Error("the price changed before anybody agreed")
	}
	if _, err := w.Approve(ctx, "wu", x.ID); err != nil || get().Prices[0].Points != 80 {
		t.Errorf("approved, the price is %d, %v", get().Prices[0].Points, err)
	}
	_, err = w.Approve(ctx, "wu", x.ID)
	refusal(t, err, mall.CodeDecided)
	_, err = w.Reject(ctx, "wu", x.ID, "")
	refusal(t, err, mall.CodeDecided)
	log, err := w.Changes(ctx, "lamp")
	if err != nil || !slices.ContainsFunc(log, func(e *mall.Change) bool { return e.By == "lin / wu" && e.Number == 3 }) {
		t.Errorf("the log does not say who did it: %v", err)
	}
}

func TestAProposalForWhatChangedSinceIsMadeAnew(t *testing.T) {
	w := fourEyes(t)
	ctx := context.Background()
	s, err := w.Show(ctx, mall.Viewer{}, "lamp")
	must(t, err)
	p := s.Product.Clone()
	p.Version, p.Prices[0].Points = 2, 80
	x, err := w.Propose(ctx, "lin", p, "")
	must(t, err)
	other := s.Product
	other.Version, other.Name.EN = 2, "A lamp"
	must(t, w.SaveProduct(ctx, "ops", other))
	if _, err := w.Approve(ctx, "wu", x.ID); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("approved: %v", err)
	}
	if _, err := w.Reject(ctx, "lin", x.ID, "stale"); err != nil {
		t.Errorf("its maker takes it back: %v", err)
	}
	if _, err := w.Propose(ctx, "lin", p, ""); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("from the version before: %v", err)
	}
}

func TestAPictureIsAPicture(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	drawn := func(width int) []byte {
		var b bytes.Buffer
		must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 2))))
		return b.Bytes()
	}
	for what, content := range map[string][]byte{"nothing": nil, "a drawing that may run": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>`),
		"a page": []byte("<html>"), "too wide": drawn(5000), "too much": make([]byte, mall.PictureMax+1), "half a picture": drawn(3)[:20]} {
		if _, err := w.AddPicture(ctx, "ops", content); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	p, err := w.AddPicture(ctx, "ops", drawn(3))
	must(t, err)
	again, err := w.AddPicture(ctx, "wu", drawn(3))
	must(t, err)
	if kept, err := w.Picture(ctx, p.ID); err != nil || again.ID != p.ID || kept.Media != "image/png" || kept.By != "ops" || len(kept.Content) == 0 {
		t.Errorf("kept is %+v, %v", kept, err)
	}
	lamp := malltest.Product("lamp-2", mall.Goods)
	lamp.Picture = "p-0123"
	refusal(t, w.SaveProduct(ctx, "ops", lamp), mall.CodeInvalid)
	for i, name := range []string{p.ID, "led-bulbs"} {
		lamp.Picture, lamp.Version = name, int64(i+1)
		must(t, w.SaveProduct(ctx, "ops", lamp))
	}
}
