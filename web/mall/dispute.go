package mall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/support"
)

// Disputes is where members say that something is wrong; [support.Service] is one, and
// shows nobody another's.
type Disputes interface {
	Open(ctx context.Context, r support.OpenRequest) (d *support.Dispute, replayed bool, err error)
	MemberDisputes(ctx context.Context, member string, before ledger.ID, limit int) ([]*support.Dispute, error)
	MemberDispute(ctx context.Context, member string, id ledger.ID) (*support.Dispute, []*support.Entry, error)
	Say(ctx context.Context, member string, id ledger.ID, text string) (*support.Dispute, error)
}

func (m *Mall) disputeLeaves() []leaf {
	if m.o.Disputes == nil {
		return nil
	}
	return []leaf{
		{http.MethodGet, "/disputes", m.showDisputes},
		{http.MethodGet, "/disputes/new", m.askDispute},
		{http.MethodPost, "/disputes", m.openDispute},
		{http.MethodGet, "/disputes/{dispute}", m.showDispute},
		{http.MethodPost, "/disputes/{dispute}/messages", m.sayInDispute},
	}
}

// disputeWay is where something can be disputed; empty when nowhere.
func (m *Mall) disputeWay(kind support.SubjectKind, id ledger.ID) string {
	if !m.has("/disputes") {
		return ""
	}
	return Area + "/disputes/new?" + url.Values{"kind": {string(kind)}, "id": {id.String()}}.Encode()
}

const disputesOnPage = 20

type disputesBody struct {
	Disputes   []*support.Dispute
	Home, Next string
}

func (m *Mall) showDisputes(v *visit) error {
	var before ledger.ID
	var b disputesBody
	if text := v.r.URL.Query().Get("before"); text != "" {
		var err error
		if before, err = ledger.ParseID(text); err != nil {
			return errNotFound
		}
		b.Home = Area + "/disputes"
	}
	found, err := m.o.Disputes.MemberDisputes(v.r.Context(), v.Member, before, disputesOnPage+1)
	if err != nil {
		return err
	}
	if len(found) > disputesOnPage {
		found = found[:disputesOnPage]
		b.Next = Area + "/disputes?before=" + url.QueryEscape(found[disputesOnPage-1].ID.String())
	}
	b.Disputes = found
	return m.show(v, "disputes", b)
}

// disputed is what a dispute is about, in words.
type disputed struct {
	Kind support.SubjectKind
	ID   ledger.ID
	What string // "3,000 SKY → 1,000 EPT", or the name of what was ordered
	At   int64
	Way  string // its own page
}

// disputed finds what a member means. Somebody else's is not there.
func (m *Mall) disputed(v *visit, kind support.SubjectKind, text string) (*disputed, error) {
	id, err := ledger.ParseID(text)
	if err != nil {
		return nil, errNotFound
	}
	switch {
	case kind == support.Order && m.o.Shop != nil:
		o, err := m.o.Shop.Order(v.r.Context(), id)
		if errors.Is(err, mall.ErrNotFound) || err == nil && o.Member != v.Member {
			return nil, errNotFound
		}
		if err != nil {
			return nil, err
		}
		return &disputed{kind, id, pick(v.lang, o.Name), o.CreatedAt, Area + "/orders/" + id.String()}, nil
	case kind == support.Conversion && m.o.Exchange != nil:
		c, err := m.o.Exchange.Conversion(v.r.Context(), party, id)
		if errors.Is(err, exchange.ErrNotFound) || err == nil && c.Account != v.account {
			return nil, errNotFound
		}
		if err != nil {
			return nil, err
		}
		all, err := m.currencies(v)
		if err != nil {
			return nil, err
		}
		return &disputed{kind, id, currencyOf(all, c.Source).Text(c.From) + " → " + currencyOf(all, c.Destination).Text(c.To), c.CreatedAt, Area + "/conversions/" + id.String()}, nil
	}
	return nil, errNotFound
}

type newDisputeBody struct {
	*disputed
	Reasons      []support.Reason
	Key          string
	Reason, Text string // as they were typed
	Refusal      string // part of the key mall.dispute.refused.CODE
}

func (m *Mall) askDispute(v *visit) error {
	q := v.r.URL.Query()
	kind, id := support.SubjectKind(q.Get("kind")), q.Get("id")
	switch {
	case q.Has("conversion"):
		kind, id = support.Conversion, q.Get("conversion")
	case q.Has("order"):
		kind, id = support.Order, q.Get("order")
	}
	about, err := m.disputed(v, kind, id)
	if err != nil {
		return err
	}
	key, err := m.disputeKey()
	if err != nil {
		return err
	}
	return m.show(v, "dispute_new", newDisputeBody{disputed: about, Reasons: support.Reasons(kind), Key: key})
}

// disputeKey is the idempotency key of one form.
func (m *Mall) disputeKey() (string, error) {
	var key [16]byte
	_, err := io.ReadFull(m.o.Random, key[:])
	return hex.EncodeToString(key[:]), err
}

// openDispute opens a dispute. The form has a key of its own, so that sending it twice
// opens one.
func (m *Mall) openDispute(v *visit) error {
	form := v.r.PostForm
	about, err := m.disputed(v, support.SubjectKind(form.Get("kind")), form.Get("id"))
	if err != nil {
		return err
	}
	text := strings.TrimSpace(form.Get("text"))
	d, _, err := m.o.Disputes.Open(v.r.Context(), support.OpenRequest{Client: "mall", Member: v.Member, Kind: about.Kind, Subject: about.ID, Reason: support.Reason(form.Get("reason")), Text: text,
		Idempotency: support.Idempotency{Key: form.Get("key"), Hash: sha256.Sum256([]byte(v.Member + "\x00" + about.ID.String() + "\x00" + form.Get("reason") + "\x00" + text))}})
	code := refusedDispute(err)
	if code == "" && err != nil {
		return notMine(err)
	}
	if code != "" {
		key, err := m.disputeKey()
		if err != nil {
			return err
		}
		b := newDisputeBody{disputed: about, Reasons: support.Reasons(about.Kind), Key: key, Reason: form.Get("reason"), Text: form.Get("text"), Refusal: code}
		return m.showStatus(v, http.StatusUnprocessableEntity, "dispute_new", b)
	}
	return m.done(v, "/disputes/"+d.ID.String(), "flash.dispute_opened")
}

// refusedDispute is the word for a refusal, or empty for other errors.
func refusedDispute(err error) string {
	var r *support.Refusal
	switch {
	case errors.As(err, &r):
		switch r.Code {
		case support.CodeTooLate, support.CodeDisputed, support.CodeTooMany, support.CodeState:
			return r.Code
		}
		return support.CodeInvalid
	case errors.Is(err, support.ErrKeyReused):
		return support.CodeDisputed
	}
	return ""
}

func notMine(err error) error {
	if errors.Is(err, support.ErrNotFound) {
		return errNotFound
	}
	return err
}

type disputeBody struct {
	*support.Dispute
	About   *disputed // nil when it is not there any more
	Entries []*support.Entry
	Open    bool
	Text    string // as it was typed
	Refusal string
}

func (m *Mall) showDispute(v *visit) error { return m.disputePage(v, http.StatusOK, "") }

func (m *Mall) disputePage(v *visit, status int, refusal string) error {
	id, err := ledger.ParseID(v.r.PathValue("dispute"))
	if err != nil {
		return errNotFound
	}
	d, entries, err := m.o.Disputes.MemberDispute(v.r.Context(), v.Member, id)
	if err != nil {
		return notMine(err)
	}
	b := disputeBody{Dispute: d, Entries: entries, Open: d.State != support.Resolved, Refusal: refusal, Text: v.r.PostForm.Get("text")}
	if b.About, err = m.disputed(v, d.Kind, d.Subject.String()); err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	return m.showStatus(v, status, "dispute", b)
}

func (m *Mall) sayInDispute(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("dispute"))
	if err != nil {
		return errNotFound
	}
	_, err = m.o.Disputes.Say(v.r.Context(), v.Member, id, strings.TrimSpace(v.r.PostForm.Get("text")))
	if code := refusedDispute(err); code != "" {
		return m.disputePage(v, http.StatusUnprocessableEntity, code)
	}
	if err != nil {
		return notMine(err)
	}
	return m.done(v, "/disputes/"+id.String(), "flash.dispute_said")
}
