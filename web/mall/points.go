package mall

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
)

func (m *Mall) pointLeaves() []leaf {
	all := []leaf{
		{http.MethodGet, "/points", m.showPoints},
		{http.MethodGet, "/points/{transfer}", m.showMovement},
		{http.MethodGet, "/points/{transfer}/receipt", m.downloadReceipt},
	}
	return all
}

// pointsBody is what the page of points shows.
type pointsBody struct {
	Purse   purse
	Most    int64 // of the lots
	History bool  // there is one
	Months  []monthOfMovements
	First   string // page; empty on it
	Next    string
}

// monthOfMovements are those of a month, in which a reader looks for them.
type monthOfMovements struct {
	Month ledger.Month
	All   []movement
}

const movementsShown = 30

func (m *Mall) showPoints(v *visit) (err error) {
	b := pointsBody{History: m.o.History != nil}
	if b.Purse, err = m.purse(v); err != nil {
		return err
	}
	for _, l := range b.Purse.Lots {
		b.Most = max(b.Most, l.Amount)
	}
	if b.History {
		told, next, first, err := m.historyPage(v, v.r.URL.Query().Get("before"), movementsShown)
		if err != nil {
			return err
		}
		b.Months = m.byMonth(told)
		if next != "" {
			b.Next = Area + "/points?before=" + next + "#history"
		}
		if !first {
			b.First = Area + "/points#history"
		}
	}
	return m.show(v, "points", b)
}

// byMonth puts movements under their months, in the alliance's time zone.
func (m *Mall) byMonth(told []movement) (all []monthOfMovements) {
	for _, mv := range told {
		month := m.monthAt(mv.At)
		if len(all) == 0 || all[len(all)-1].Month != month {
			all = append(all, monthOfMovements{Month: month})
		}
		last := &all[len(all)-1]
		last.All = append(last.All, mv)
	}
	return all
}

// place is where a page of history ended: after which entry, and with what balance.
// It stands in an address, so it carries a code by which a changed one is told.
type place struct {
	at      ledger.Locator
	balance int64
}

func (p place) code(v *visit) string {
	mac := hmac.New(sha256.New, []byte(v.Token))
	fmt.Fprintf(mac, "history %x %d %d %d %d", v.account, p.at.Lane, p.at.Batch, p.at.Index, p.balance)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:9])
}

func (p place) text(v *visit) string {
	return fmt.Sprintf("%d.%d.%d.%d.%s", p.at.Lane, p.at.Batch, p.at.Index, p.balance, p.code(v))
}

// parsePlace reads a place; one of another session or a changed one is the first page.
func parsePlace(v *visit, text string) (p place, ok bool) {
	var code string
	n, err := fmt.Sscanf(text, "%d.%d.%d.%d.%s", &p.at.Lane, &p.at.Batch, &p.at.Index, &p.balance, &code)
	return p, n == 5 && err == nil && subtle.ConstantTimeCompare([]byte(code), []byte(p.code(v))) == 1
}

// historyPage returns a page of movements, and where the next one begins; empty for
// the last.
func (m *Mall) historyPage(v *visit, before string, limit int) (told []movement, next string, first bool, err error) {
	var rows []projection.Row
	from, follows := parsePlace(v, before)
	if follows {
		rows, err = m.o.History.History(v.r.Context(), v.account, &from.at, limit+1)
	} else {
		rows, from.balance, err = m.newest(v, limit+1)
	}
	if err != nil {
		return nil, "", !follows, err
	}
	more := len(rows) > limit
	if more {
		rows = rows[:limit]
	}
	var all []currency
	if m.o.Exchange != nil {
		if all, err = m.currencies(v); err != nil {
			return nil, "", !follows, err
		}
	}
	told, balance := m.movements(v, rows, from.balance, all)
	if more {
		next = place{rows[limit-1].Locator, balance}.text(v)
	}
	return told, next, !follows, nil
}

// newest returns the newest rows and the balance after them. The copy may be added
// to between the two questions, so they are asked again then.
func (m *Mall) newest(v *visit, limit int) (rows []projection.Row, balance int64, err error) {
	for range 5 {
		if rows, err = m.o.History.History(v.r.Context(), v.account, nil, limit); err != nil {
			return nil, 0, err
		}
		lots, err := m.o.History.Account(v.r.Context(), v.account)
		if err != nil {
			return nil, 0, err
		}
		again, err := m.o.History.History(v.r.Context(), v.account, nil, 1)
		if err != nil {
			return nil, 0, err
		}
		balance = 0
		for _, l := range lots {
			balance += l.Amount
		}
		if len(again) == 0 || len(rows) > 0 && again[0].Locator == rows[0].Locator {
			break
		}
	}
	return rows, balance, nil
}

// movementBody is what the page of one entry shows.
type movementBody struct {
	movement
	Transfer ledger.Transfer
	Receipt  ledger.Receipt
	Record   *rewards.Record // of the event by which it was earned; may be nil
	// ConversionHref and OrderHref lead to what it was about; empty is nowhere.
	ConversionHref, OrderHref string
	Command                   string // that checks the receipt
}

// entry finds an entry of the member's own account.
func (m *Mall) entry(v *visit) (ledger.Entry, error) {
	id, err := ledger.ParseID(v.r.PathValue("transfer"))
	if err != nil {
		return ledger.Entry{}, errNotFound
	}
	found, err := m.o.Ledger.Find(v.r.Context(), id)
	if err != nil {
		return ledger.Entry{}, err
	}
	if found.Transfer.Account != v.account {
		return ledger.Entry{}, errNotFound
	}
	return found, nil
}

func (m *Mall) showMovement(v *visit) error {
	found, err := m.entry(v)
	if err != nil {
		return err
	}
	var all []currency
	if m.o.Exchange != nil {
		if all, err = m.currencies(v); err != nil {
			return err
		}
	}
	b := movementBody{movement: m.movement(v, &found.Transfer, all), Transfer: found.Transfer}
	if b.Receipt, err = m.o.Ledger.Receipt(v.r.Context(), found.Transfer.ID); err != nil {
		return err
	}
	b.Command = m.command(&b.Receipt)
	if !b.Conversion.IsZero() && m.o.Exchange != nil && m.owns(v, b.Conversion) {
		b.ConversionHref = Area + "/conversions/" + b.Conversion.String()
	}
	if !b.Order.IsZero() && m.has("/orders") {
		b.OrderHref = Area + "/orders/" + b.Order.String()
	}
	if b.Record, err = m.record(v, &found.Transfer); err != nil {
		return err
	}
	return m.show(v, "movement", b)
}

// record is the event by which points were earned; nil when there is none, or it is
// not this member's.
func (m *Mall) record(v *visit, t *ledger.Transfer) (*rewards.Record, error) {
	event := reason(t.Reason)["event"]
	if m.o.Rewards == nil || event == "" {
		return nil, nil
	}
	found, err := m.o.Rewards.Record(v.r.Context(), event)
	if errors.Is(err, rewards.ErrNotFound) || err == nil && found.Account != v.account {
		return nil, nil
	}
	return found, err
}

// command checks a receipt offline: on the embedded ledger against the gateway's
// published keys, on Fabric against the companies' certificates.
func (m *Mall) command(r *ledger.Receipt) string {
	verify := "pointgrid verify " + receiptName(r.Transfer.ID)
	if r.Ledger != "embedded" {
		return verify + " --profile PROFILE.json"
	}
	return "curl -s " + m.o.URL + "/.well-known/jwks.json -o keys.json\n" + verify + " --key keys.json"
}

func receiptName(id ledger.ID) string { return "receipt-" + id.String() + ".json" }

// downloadReceipt gives the file that `pointgrid verify` checks.
func (m *Mall) downloadReceipt(v *visit) error {
	found, err := m.entry(v)
	if err != nil {
		return err
	}
	receipt, err := m.o.Ledger.Receipt(v.r.Context(), found.Transfer.ID)
	if err != nil {
		return err
	}
	return v.receipt(receipt)
}

// receipt answers with a file.
func (v *visit) receipt(r ledger.Receipt) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="`+receiptName(r.Transfer.ID)+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}
