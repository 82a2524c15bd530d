package mall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Privacy tells what is held about members and forgets them; [members.Privacy] does, and
// says which errors the methods return.
type Privacy interface {
	Export(ctx context.Context, account ledger.Account, to io.Writer) error
	Erase(ctx context.Context, account ledger.Account, points int64, by string) (*members.Erasure, error)
	Left(ctx context.Context, account ledger.Account) (int64, error)
}

func (m *Mall) privacyLeaves() []leaf {
	if m.o.Privacy == nil {
		return nil
	}
	return []leaf{
		{http.MethodGet, "/privacy", m.showPrivacy},
		{http.MethodPost, "/privacy/export", m.exportMe},
		{http.MethodPost, "/privacy/erasure", m.eraseMe},
	}
}

// heldKinds are what the page says is held, and why.
var heldKinds = []string{"identity", "points", "links", "conversions", "orders", "events", "access"}

// privacyBody is what the page about personal data shows.
type privacyBody struct {
	Member string
	Left   int64 // points that erasing would forfeit
	Held   []string
	// Wrong is mall.privacy.wrong.X: why the form was not carried out; may be empty.
	Wrong     string
	Typed     string
	Confirmed bool
}

func (m *Mall) privacyBody(v *visit) (b privacyBody, err error) {
	left, err := m.o.Privacy.Left(v.r.Context(), v.account)
	return privacyBody{Member: v.Member, Left: left, Held: heldKinds}, err
}

func (m *Mall) showPrivacy(v *visit) error {
	b, err := m.privacyBody(v)
	if err != nil {
		return err
	}
	return m.show(v, "privacy", b)
}

// exportMe sends the member's document. Nothing of it is kept on the way.
func (m *Mall) exportMe(v *visit) error {
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="my-data.json"`)
	h.Set("Cache-Control", "no-store")
	sent := &counted{w: v.w}
	err := m.o.Privacy.Export(v.r.Context(), v.account, sent)
	if err == nil || sent.n == 0 {
		if err != nil {
			h.Del("Content-Disposition")
		}
		return err
	}
	m.o.Logger.ErrorContext(v.r.Context(), "export cut off", "error", err)
	panic(http.ErrAbortHandler) // so that the receiver does not take a part for the whole
}

// counted counts what goes through it.
type counted struct {
	w io.Writer
	n int64
}

// Write implements [io.Writer].
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// eraseMe erases the member who typed how many points that costs, and ended up signed
// out everywhere.
func (m *Mall) eraseMe(v *visit) error {
	b, err := m.privacyBody(v)
	if err != nil {
		return err
	}
	b.Typed, b.Confirmed = strings.TrimSpace(v.r.PostForm.Get("points")), v.r.PostForm.Get("understood") == "1"
	typed, wrong := pointsTyped(b.Typed)
	switch {
	case !b.Confirmed:
		b.Wrong = "not_understood"
	case wrong || typed != b.Left:
		b.Wrong = "amount"
	}
	if b.Wrong == "" {
		_, err := m.o.Privacy.Erase(v.r.Context(), v.account, typed, "member")
		var obstacle *members.Obstacle
		switch {
		case errors.As(err, &obstacle):
			b.Wrong = wrongOf(obstacle.Code)
		case err != nil:
			return err
		}
	}
	if b.Wrong != "" {
		return m.showStatus(v, http.StatusUnprocessableEntity, "privacy", b)
	}
	return m.farewell(v)
}

// pointsTyped reads an amount as people write it.
func pointsTyped(text string) (n int64, wrong bool) {
	text = strings.NewReplacer(",", "", "，", "", " ", "").Replace(text)
	if text == "0" {
		return 0, false
	}
	n, err := ledger.ParseAmount(text)
	return n, err != nil
}

// wrongOf is the word for an obstacle; those of places that have none of their own are
// something that is under way.
func wrongOf(code string) string {
	switch code {
	case members.CodeAmount, members.CodeMoved:
		return "amount"
	case members.CodeFrozen:
		return "frozen"
	case "dispute_open":
		return "dispute"
	}
	return "under_way"
}

// farewell signs the member out everywhere and says what happens now.
func (m *Mall) farewell(v *visit) error {
	if err := m.o.Sessions.EndOf(v.r.Context(), v.Member); err != nil {
		return err
	}
	m.setCookie(v.w, m.cookie(), "", 0)
	v.w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	m.o.Pages.Render(v.w, v.r, http.StatusOK, "mall/farewell", m.alone(v.r))
	return nil
}
