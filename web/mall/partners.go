package mall

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
)

func (m *Mall) partnerLeaves() []leaf {
	if m.o.Exchange == nil {
		return nil
	}
	get, post := http.MethodGet, http.MethodPost
	return []leaf{
		{get, "/partners", m.listPartners},
		{get, "/partners/{partner}", m.showPartner},
		{post, "/partners/{partner}", m.linkPartner},
		{post, "/partners/{partner}/unlink", m.unlinkPartner},
	}
}

// consentVersion names the text mall.link.consent in both languages. Whoever changes
// what it says changes this.
const consentVersion = "members-2026-11"

// partner is a company with the member's link to it.
type partner struct {
	currency
	Link *exchange.Link // nil while there is none
}

// Masked is the membership with its middle hidden, as it is shown where others may
// look on.
func (p partner) Masked() string {
	number := []rune(p.Link.Membership)
	if len(number) <= 4 {
		return string(number)
	}
	shown := min(3, len(number)-3)
	hidden := len(number) - shown - 2
	return string(number[:shown]) + strings.Repeat("•", min(hidden, 6)) + string(number[len(number)-2:])
}

// partners are all companies, with the member's links.
func (m *Mall) partners(v *visit) (all []partner, _ error) {
	found, err := m.currencies(v)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		if c.Partner == "" {
			continue
		}
		link, err := m.o.Book.LinkOf(v.r.Context(), c.Partner, v.Member)
		if err != nil && !errors.Is(err, exchange.ErrNotFound) {
			return nil, err
		}
		all = append(all, partner{c, link})
	}
	return all, nil
}

func (m *Mall) listPartners(v *visit) error {
	all, err := m.partners(v)
	if err != nil {
		return err
	}
	return m.show(v, "partners", all)
}

// partnerBody is what the page of one company shows.
type partnerBody struct {
	partner
	Membership string // as it was typed
	Wrong      string // mall.link.wrong.X; may be empty
	Version    string // of the consent's text
}

// partner finds the one that the address names.
func (m *Mall) partner(v *visit) (partner, error) {
	all, err := m.partners(v)
	if err != nil {
		return partner{}, err
	}
	for _, p := range all {
		if p.Partner == v.r.PathValue("partner") {
			return p, nil
		}
	}
	return partner{}, errNotFound
}

func (m *Mall) showPartner(v *visit) error {
	p, err := m.partner(v)
	if err != nil {
		return err
	}
	return m.show(v, "partner", partnerBody{partner: p, Version: consentVersion})
}

// linkPartner links the member, who was shown the text and ticked that they agree.
func (m *Mall) linkPartner(v *visit) error {
	p, err := m.partner(v)
	if err != nil {
		return err
	}
	form := v.r.PostForm
	b := partnerBody{partner: p, Version: consentVersion, Membership: strings.TrimSpace(form.Get("membership"))}
	if p.Link != nil {
		return m.done(v, "/partners", "flash.mall_linked", "name", p.By)
	}
	switch {
	case form.Get("consent") != consentVersion:
		b.Wrong = "consent"
	case b.Membership == "":
		b.Wrong = "membership"
	default:
		_, err = m.o.Exchange.Link(v.r.Context(), party, exchange.LinkRequest{Partner: p.Partner, Member: v.Member, Membership: b.Membership,
			Consent: exchange.Consent{TextVersion: consentVersion, GivenAt: m.o.Now().UnixMilli(), Channel: "web"}})
		if err == nil {
			return m.done(v, "/partners", "flash.mall_linked", "name", p.By)
		}
		if b.Wrong = wrongLink(err); b.Wrong == "" {
			return err
		}
	}
	b.Membership = clip(b.Membership, 64)
	return m.showStatus(v, http.StatusUnprocessableEntity, "partner", b)
}

// wrongLink is why the member can't be linked, as a key below mall.link.wrong; empty
// when it is our failure.
func wrongLink(err error) string {
	var refusal *exchange.Refusal
	var busy *exchange.Busy
	switch {
	case errors.Is(err, exchange.ErrLinked):
		return "taken"
	case errors.As(err, &busy):
		return "later"
	case !errors.As(err, &refusal):
		return ""
	case refusal.Code == exchange.CodeMembershipInvalid, refusal.Code == exchange.CodeInvalid:
		return "membership"
	case refusal.Code == exchange.CodePartnerDown:
		return "later"
	}
	return "refused"
}

func clip(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// unlinkPartner ends the link. The form that asks has said what that means.
func (m *Mall) unlinkPartner(v *visit) error {
	p, err := m.partner(v)
	if err != nil {
		return err
	}
	if p.Link != nil {
		if err := m.o.Exchange.Unlink(v.r.Context(), party, p.Link.ID); err != nil && !errors.Is(err, exchange.ErrNotFound) {
			return err
		}
	}
	return m.done(v, "/partners", "flash.mall_unlinked", "name", p.By)
}
