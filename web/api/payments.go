package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Payments takes settlements to settled; [payment.Service] does, and says which
// errors the methods return.
type Payments interface {
	Simulate(ctx context.Context, by desk.Person, settlements []string) (*payment.Simulation, error)
	Prepare(ctx context.Context, maker desk.Person, settlements []string) (*payment.Order, error)
	Release(ctx context.Context, checker desk.Person, id string) (*payment.Order, error)
	Withdraw(ctx context.Context, by desk.Person, id, reason string) (*payment.Order, error)
	Order(ctx context.Context, by desk.Person, id string) (*payment.Order, error)
	Orders(ctx context.Context, by desk.Person, before string, limit int) ([]*payment.Order, error)
	File(ctx context.Context, by desk.Person, order string) ([]byte, error)
	Instruction(ctx context.Context, by desk.Person, settlement string) ([]byte, error)
	Confirm(ctx context.Context, by desk.Person, name string, file io.Reader) (*payment.Reading, error)
}

const ordersPath = "/v1/payment_orders/"

func (a *API) listPaymentOrders(r *request) (reply, error) {
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Payments.Orders(r.context(), r.person(), string(page.after), page.limit)
	if err != nil {
		return reply{}, err
	}
	out, last := PaymentOrderPage{Orders: make([]PaymentOrder, 0, len(found))}, ""
	for _, o := range found {
		out.Orders = append(out.Orders, *renderOrder(o))
		last = o.ID
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), []byte(last))
	return answer, nil
}

func (a *API) preparePaymentOrder(r *request, body PaymentOrderRequest) (reply, error) {
	o, err := a.o.Payments.Prepare(r.context(), r.person(), body.Settlements)
	if err != nil {
		return reply{}, err
	}
	out, err := a.withExposure(r, o)
	if err != nil {
		return reply{}, err
	}
	return created(ordersPath+o.ID, out), nil
}

func (a *API) getPaymentOrder(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	o, err := a.o.Payments.Order(r.context(), r.person(), r.c.Param("order_id"))
	if err != nil {
		return reply{}, err
	}
	out, err := a.withExposure(r, o)
	if err != nil {
		return reply{}, err
	}
	return ok(out), nil
}

// withExposure shows what an order would do, while it is not released.
func (a *API) withExposure(r *request, o *payment.Order) (*PaymentOrder, error) {
	out := renderOrder(o)
	if o.State != payment.Prepared {
		return out, nil
	}
	simulation, err := a.o.Payments.Simulate(r.context(), r.person(), o.Settlements)
	if err != nil {
		return nil, err
	}
	for i := range simulation.Rows {
		out.Exposure = append(out.Exposure, renderExposure(&simulation.Rows[i]))
	}
	return out, nil
}

func (a *API) releasePaymentOrder(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	o, err := a.o.Payments.Release(r.context(), r.person(), r.c.Param("order_id"))
	if err != nil {
		return reply{}, err
	}
	return ok(renderOrder(o)), nil
}

func (a *API) withdrawPaymentOrder(r *request, body PaymentWithdrawal) (reply, error) {
	if wrong := checkReason(body.Reason); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	o, err := a.o.Payments.Withdraw(r.context(), r.person(), r.c.Param("order_id"), body.Reason)
	if err != nil {
		return reply{}, err
	}
	return ok(renderOrder(o)), nil
}

func (a *API) getPaymentFile(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id := r.c.Param("order_id")
	file, err := a.o.Payments.File(r.context(), r.person(), id)
	if err != nil {
		return reply{}, err
	}
	return attachment("application/xml", id+".xml", file), nil
}

// bankFileName is what a file is called that comes without a name.
const bankFileName = "upload.xml"

func (a *API) readBankFile(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	if p := jsonbody.CheckType(r.c.Request.Header, "application/xml"); p != nil {
		return reply{}, p
	}
	read, err := a.o.Payments.Confirm(r.context(), r.person(), bankFileName, a.unhurried(r.c))
	if err != nil {
		r.c.Writer.Header().Set("Connection", "close") // the rest of the body may not be read
		return reply{}, err
	}
	return ok(renderReading(read)), nil
}

func reprDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func renderOrder(o *payment.Order) *PaymentOrder {
	pays, receives := o.Cents()
	out := &PaymentOrder{ID: o.ID, State: PaymentOrderState(o.State), Settlements: o.Settlements, Maker: o.Maker.ID, PreparedAt: at(o.PreparedAt),
		Checker: o.Checker.ID, Reason: o.Reason, Pays: fen(pays), Receives: fen(receives), Payments: make([]Payment, 0, len(o.Payments)),
		Links: PaymentOrderLinks{Self: ordersPath + o.ID}}
	if o.ReleasedAt != 0 {
		out.ReleasedAt, out.Execute = at(o.ReleasedAt), o.Execute.String()
	}
	if o.State == payment.Released && !o.Digest.IsZero() {
		out.Links.File = ordersPath + o.ID + "/file"
	}
	for i := range o.Payments {
		p := &o.Payments[i]
		out.Payments = append(out.Payments, Payment{Reference: p.Reference, Settlement: p.Settlement, Channel: PaymentChannel(p.Channel.String()),
			Payer: p.Payer, Payee: p.Payee, Amount: fen(p.Cents), State: PaymentState(p.State), BankReference: p.BankReference})
	}
	return out
}

func renderExposure(r *payment.Exposure) ExposureRow {
	return ExposureRow{Partner: r.Partner, Owed: millionths(r.Owed), Unsettled: millionths(r.Unsettled), Open: millionths(r.Open), Transit: millionths(r.Transit),
		Release: millionths(r.Release), After: millionths(r.After), Cap: millionths(r.Cap), Headroom: millionths(r.Headroom), Above: r.Above}
}

// yuanOf formats fen that a bank told, which may be more than millionths can hold.
func yuanOf(cents int64) string {
	whole, rest := cents/100, cents%100
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%02d", whole, rest), "0"), ".")
}

func renderReading(r *payment.Reading) *BankReading {
	out := &BankReading{Digest: r.Digest.String(), Entries: r.Entries, Settled: append([]string{}, r.Settled...), Replayed: r.Replayed,
		Outcomes: make([]BankOutcome, 0, len(r.Outcomes))}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		row := BankOutcome{Verdict: BankOutcomeVerdict(o.Verdict), Reference: o.Reference, Partner: o.Partner, Amount: yuanOf(o.Cents), Break: o.Break}
		if o.Date != 0 {
			row.Date = o.Date.String()
		}
		out.Outcomes = append(out.Outcomes, row)
	}
	return out
}
