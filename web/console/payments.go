package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// bankFileMax bounds a file of the bank with the form around it, in bytes.
const bankFileMax = 64 << 20

// Bounds of the page.
const (
	ordersPage   = 20
	readingsPage = 10
	orderMax     = 500 // settlements in one order
)

func (c *Console) paymentLeaves() []leaf {
	get, post, one := http.MethodGet, http.MethodPost, "/payments/{order}"
	return []leaf{
		{get, "/payments", c.listPayments, utility, 0},
		{get, "/payments/new", c.newOrder, makers, 0},
		{post, "/payments/new", c.prepareOrder, makers, 0},
		{post, "/payments/bank", c.readBankFile, deciders, bankFileMax},
		{get, one, c.showOrder, utility, 0},
		{post, one + "/release", c.releaseOrder, checkers, 0},
		{post, one + "/withdraw", c.withdrawOrder, deciders, 0},
		{get, one + "/pain.001.xml", c.downloadOrder, utility, 0},
		{get, "/settlements/{id}/instruction.xml", c.downloadInstruction, readers, 0},
	}
}

// orderRow is an order with who made it.
type orderRow struct {
	*payment.Order
	MakerIs, CheckerIs string
	Pays, Receives     int64 // fen
}

// payableRow is a settlement that can be paid.
type payableRow struct {
	*settlement.Settlement
	Company string
}

// readingRow is a file of the bank.
type readingRow struct {
	*payment.Reading
	Who string
}

type paymentsBody struct {
	Payable  []payableRow
	Orders   []orderRow
	Readings []readingRow
	Next     string
	First    string
	Maker    bool
	Uploads  bool
	Read     *readingRow // what was uploaded just now
	Refusal  *refusal
}

func (c *Console) listPayments(v *visit) error {
	return c.paymentsPage(v, http.StatusOK, &paymentsBody{})
}

func (c *Console) paymentsPage(v *visit, status int, b *paymentsBody) error {
	ctx := v.r.Context()
	b.Maker, b.Uploads = v.User.Has(makers...), v.User.Has(deciders...)
	payable, err := c.o.Payments.Payable(ctx, v.person)
	if err != nil {
		return err
	}
	for _, s := range payable {
		b.Payable = append(b.Payable, payableRow{s, c.company(v, s.Partner)})
	}
	before := v.r.URL.Query().Get("before")
	orders, err := c.o.Payments.Orders(ctx, v.person, before, ordersPage+1)
	if err != nil {
		return err
	}
	if before != "" {
		b.First = Area + "/payments"
	}
	if len(orders) > ordersPage {
		orders = orders[:ordersPage]
		b.Next = Area + "/payments?before=" + orders[ordersPage-1].ID
	}
	for _, o := range orders {
		row, err := c.orderRow(v, o)
		if err != nil {
			return err
		}
		b.Orders = append(b.Orders, row)
	}
	readings, err := c.o.Payments.Readings(ctx, v.person, readingsPage)
	if err != nil {
		return err
	}
	for _, r := range readings {
		row, err := c.readingRow(v, r)
		if err != nil {
			return err
		}
		b.Readings = append(b.Readings, row)
	}
	return c.showStatus(v, status, "payments", b)
}

func (c *Console) orderRow(v *visit, o *payment.Order) (row orderRow, err error) {
	row.Order = o
	row.Pays, row.Receives = o.Cents()
	if row.MakerIs, err = c.who(v, o.Maker); err == nil {
		row.CheckerIs, err = c.who(v, o.Checker)
	}
	return row, err
}

func (c *Console) readingRow(v *visit, r *payment.Reading) (readingRow, error) {
	who, err := c.who(v, r.By)
	return readingRow{r, who}, err
}

// exposureRow is a partner's row of a simulation.
type exposureRow struct {
	payment.Exposure
	Company string
}

type orderBody struct {
	Order      *orderRow // nil for one that is not prepared yet
	Rows       []payableRow
	Payments   []paymentRow
	Exposures  []exposureRow
	OK         bool
	Release    bool // the user may release it
	Withdraw   bool
	Refusal    *refusal
	Pay        int64 // fen, by partners
	Receive    int64
	OwnOrder   bool
	UtilityPay bool
}

// paymentRow is one payment of an order.
type paymentRow struct {
	payment.Payment
	PayerIs, PayeeIs string
}

// newOrder shows what releasing the chosen settlements would do, before anything
// is prepared.
func (c *Console) newOrder(v *visit) error {
	chosen := v.r.URL.Query()["settlement"]
	if len(chosen) == 0 || len(chosen) > orderMax {
		return c.done(v, "/payments", "flash.none_selected")
	}
	return c.newOrderPage(v, http.StatusOK, chosen, nil)
}

func (c *Console) newOrderPage(v *visit, status int, chosen []string, r *refusal) error {
	b := orderBody{Refusal: r}
	for _, id := range chosen {
		s, err := c.o.Settlements.Settlement(v.r.Context(), id)
		if err != nil {
			return err
		}
		b.Rows = append(b.Rows, payableRow{s, c.company(v, s.Partner)})
		b.Pay += s.Figures.Pay
		b.Receive += s.Figures.Receive
	}
	if err := c.simulate(v, &b, chosen); err != nil {
		return err
	}
	return c.showStatus(v, status, "order", &b)
}

func (c *Console) simulate(v *visit, b *orderBody, chosen []string) error {
	simulation, err := c.o.Payments.Simulate(v.r.Context(), v.person, chosen)
	if refused := paymentRefusal(err); refused != nil {
		b.Refusal = refused
		return nil
	}
	if err != nil {
		return err
	}
	b.OK = simulation.OK()
	for _, e := range simulation.Rows {
		b.Exposures = append(b.Exposures, exposureRow{e, c.company(v, e.Partner)})
	}
	return nil
}

func (c *Console) prepareOrder(v *visit) error {
	chosen := v.r.PostForm["settlement"]
	if len(chosen) == 0 || len(chosen) > orderMax {
		return c.done(v, "/payments", "flash.none_selected")
	}
	o, err := c.o.Payments.Prepare(v.r.Context(), v.person, chosen)
	if r := paymentRefusal(err); r != nil {
		return c.newOrderPage(v, http.StatusConflict, chosen, r)
	}
	if err != nil {
		return err
	}
	return c.done(v, "/payments/"+o.ID, "flash.prepared")
}

// paymentRefusal tells what a person can mend from what is our failure.
func paymentRefusal(err error) *refusal {
	var exposed *payment.ExposureError
	if errors.As(err, &exposed) {
		return &refusal{"exposure", ""}
	}
	for _, known := range []struct {
		code     string
		sentinel error
	}{{"same_person", payment.ErrSamePerson}, {"taken", payment.ErrTaken}, {"changed", payment.ErrChanged}, {"nothing", payment.ErrNothing}, {"no_party", payment.ErrNoParty},
		{"not_permitted", payment.ErrNotPermitted}, {"not_covered", calendar.ErrNotCovered}, {"invalid", payment.ErrInvalid}, {"bank_file", bank.ErrFile}, {"step", payment.ErrState}} {
		if errors.Is(err, known.sentinel) {
			return &refusal{known.code, err.Error()}
		}
	}
	return nil
}

func (c *Console) showOrder(v *visit) error { return c.orderPage(v, http.StatusOK, nil) }

func (c *Console) orderPage(v *visit, status int, r *refusal) error {
	o, err := c.o.Payments.Order(v.r.Context(), v.person, v.r.PathValue("order"))
	if err != nil {
		return err
	}
	row, err := c.orderRow(v, o)
	if err != nil {
		return err
	}
	b := orderBody{Order: &row, Refusal: r, UtilityPay: row.Pays > 0, OwnOrder: o.Maker == v.person,
		Release: o.State == payment.Prepared && v.User.Has(checkers...) && o.Maker != v.person, Withdraw: o.State == payment.Prepared && v.User.Has(deciders...)}
	for _, p := range o.Payments {
		b.Payments = append(b.Payments, paymentRow{p, c.companyOf(v, p.Payer), c.companyOf(v, p.Payee)})
	}
	if o.State == payment.Prepared {
		if err := c.simulate(v, &b, o.Settlements); err != nil {
			return err
		}
	}
	return c.showStatus(v, status, "order", &b)
}

// onOrder carries out a form about an order and leads back to it.
func (c *Console) onOrder(v *visit, word string, do func(id string) error) error {
	id := v.r.PathValue("order")
	err := do(id)
	if r := paymentRefusal(err); r != nil {
		return c.orderPage(v, http.StatusConflict, r)
	}
	if err != nil {
		return err
	}
	return c.done(v, "/payments/"+id, word)
}

func (c *Console) releaseOrder(v *visit) error {
	return c.onOrder(v, "flash.released", func(id string) error {
		_, err := c.o.Payments.Release(v.r.Context(), v.person, id)
		return err
	})
}

func (c *Console) withdrawOrder(v *visit) error {
	return c.onOrder(v, "flash.withdrawn", func(id string) error {
		_, err := c.o.Payments.Withdraw(v.r.Context(), v.person, id, strings.TrimSpace(v.r.PostForm.Get("reason")))
		return err
	})
}

// downloadOrder sends the utility's file for its bank.
func (c *Console) downloadOrder(v *visit) error {
	id := v.r.PathValue("order")
	b, err := c.o.Payments.File(v.r.Context(), v.person, id)
	return v.payFile(id, b, err)
}

// downloadInstruction sends a partner's file for its bank.
func (c *Console) downloadInstruction(v *visit) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	b, err := c.o.Payments.Instruction(v.r.Context(), v.person, s.ID)
	return v.payFile(s.ID, b, err)
}

// payFile sends a file for a bank; before it is released there is none.
func (v *visit) payFile(name string, b []byte, err error) error {
	if errors.Is(err, payment.ErrState) || errors.Is(err, payment.ErrNothing) || errors.Is(err, payment.ErrNotPermitted) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	v.file("pain.001-"+name+".xml", "application/xml")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}

// readBankFile reads a camt.053 or camt.054 file and shows what became of each
// entry.
func (c *Console) readBankFile(v *visit) error {
	file, header, err := v.r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return c.done(v, "/payments", "flash.no_file")
	}
	if err != nil {
		return err
	}
	defer file.Close()
	reading, err := c.o.Payments.Confirm(v.r.Context(), v.person, fileName(header.Filename, desk.NameMax), file)
	if r := paymentRefusal(err); r != nil {
		return c.paymentsPage(v, http.StatusUnprocessableEntity, &paymentsBody{Refusal: r})
	}
	if err != nil {
		return err
	}
	row, err := c.readingRow(v, reading)
	if err != nil {
		return err
	}
	return c.paymentsPage(v, http.StatusOK, &paymentsBody{Read: &row})
}
