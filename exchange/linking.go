package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// consentAgeMax is how long after the member agreed a link can be made.
const consentAgeMax = 90 * 24 * time.Hour

// Link connects a member with a membership, by the member's consent, once the
// partner has said that the membership may take part; a partner without a
// Connector API is not asked. It returns a [*Refusal], or [ErrLinked] when the
// member or the membership has a standing link with the partner.
func (s *Service) Link(ctx context.Context, p Party, r LinkRequest) (*Link, error) {
	partner, err := s.linkable(p, &r)
	if err != nil {
		return nil, err
	}
	if err := s.validateMembership(ctx, partner, r.Membership); err != nil {
		return nil, err
	}
	if _, err := s.account(ctx, r.Member); err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	l := &Link{ID: id, Partner: partner.Code, Member: r.Member, Membership: r.Membership, Consent: r.Consent, CreatedAt: s.now()}
	if err := s.o.Store.CreateLink(ctx, l); err != nil {
		return nil, err
	}
	return l, nil
}

// linkable checks a request and returns the partner to be linked with.
func (s *Service) linkable(p Party, r *LinkRequest) (*partners.Partner, error) {
	code := r.Partner
	switch {
	case !p.Utility() && (code == "" || code == p.Partner):
		code = p.Partner
	case !p.Utility():
		return nil, refuse(CodeNotYours, "a link can be made with your own programme only")
	}
	partner, ok := s.o.Registry.Partner(code)
	switch {
	case !ok:
		return nil, refuse(string(ledger.CodePartnerUnknown), "there is no partner %q", bounded(code, 32))
	case !connector.Visible(r.Member, memberMax):
		return nil, refuse(CodeInvalid, "member must be 1 to %d visible ASCII characters without spaces", memberMax)
	case !connector.Visible(r.Membership, membershipMax):
		return nil, refuse(CodeInvalid, "membership must be 1 to %d visible ASCII characters without spaces", membershipMax)
	}
	return partner, s.checkConsent(&r.Consent)
}

func (s *Service) checkConsent(c *Consent) error {
	now := s.o.Now()
	switch {
	case !connector.Visible(c.TextVersion, 32):
		return refuse(CodeConsentMissing, "consent needs the version of the text that the member was shown, 1 to 32 visible characters")
	case c.Channel != "app" && c.Channel != "web" && c.Channel != "counter" && c.Channel != "phone":
		return refuse(CodeConsentMissing, "consent needs a channel: app, web, counter or phone")
	case c.GivenAt > now.UnixMilli():
		return refuse(CodeConsentMissing, "consent was given in the future")
	case c.GivenAt < now.Add(-consentAgeMax).UnixMilli():
		return refuse(CodeConsentMissing, "consent is older than %d days; ask the member again", consentAgeMax/(24*time.Hour))
	}
	return nil
}

func (s *Service) validateMembership(ctx context.Context, partner *partners.Partner, membership string) error {
	host := s.o.Hosts(partner.Code)
	if host == nil {
		return nil
	}
	status, err := host.Validate(ctx, membership, partner.Programme)
	switch {
	case errors.Is(err, connector.ErrRefused):
		return refuse(CodePartnerRefused, "partner %s refused our request as malformed: %s", partner.Code, connector.CodeOf(err))
	case err != nil:
		return refuse(CodePartnerDown, "partner %s cannot be asked now; try again later", partner.Code)
	case status != connector.MemberActive:
		return refuse(CodeMembershipInvalid, "partner %s says that the membership is %s; only an active one can be linked", partner.Code, status)
	}
	return nil
}

// Unlink ends a link. It returns [ErrNotFound] when no such link of the party
// stands.
func (s *Service) Unlink(ctx context.Context, p Party, id ledger.ID) error {
	if _, err := s.LinkByID(ctx, p, id); err != nil {
		return err
	}
	err := s.o.Store.EndLink(ctx, id, s.now())
	s.cache.links.Invalidate(id)
	return err
}

// LinkByID returns a link of the party, standing or ended, or [ErrNotFound].
func (s *Service) LinkByID(ctx context.Context, p Party, id ledger.ID) (*Link, error) {
	l, err := s.o.Store.Link(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.Utility() && l.Partner != p.Partner {
		return nil, ErrNotFound
	}
	return l, nil
}

// Links returns the party's standing links with an ID above after, ascending,
// 1 to 200 of them.
func (s *Service) Links(ctx context.Context, p Party, after ledger.ID, limit int) ([]*Link, error) {
	return s.o.Store.Links(ctx, p.Partner, after, min(max(limit, 1), pageMax))
}
