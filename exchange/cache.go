package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Bounds of what is kept in memory.
const (
	linksCached  = 100_000
	quotesCached = 100_000
	// linkAge bounds how long a link may be used after its end, should the end not
	// have come through this service; clusterLinkAge does where that is the rule.
	linkAge        = 10 * time.Second
	clusterLinkAge = time.Second
)

// caches spare the store reads that the hot path would repeat. A quote never
// changes, and its single use is the store's to enforce; a link changes once,
// when it ends.
type caches struct {
	links  *otter.Cache[ledger.ID, *linked]
	quotes *otter.Cache[ledger.ID, *Quote]
}

// linked is a link with its member's account.
type linked struct {
	Link
	account ledger.Account
}

func newCaches(o *Options) caches {
	age := linkAge
	if o.Slot != nil {
		age = clusterLinkAge
	}
	return caches{
		links: otter.Must(&otter.Options[ledger.ID, *linked]{MaximumSize: linksCached,
			ExpiryCalculator: otter.ExpiryWriting[ledger.ID, *linked](age)}),
		quotes: otter.Must(&otter.Options[ledger.ID, *Quote]{MaximumSize: quotesCached,
			ExpiryCalculator: otter.ExpiryWriting[ledger.ID, *Quote](o.QuoteTTL)}),
	}
}

// link returns a link, standing or ended, or [ErrNotFound]. The caller must not
// change it.
func (s *Service) link(ctx context.Context, id ledger.ID) (*linked, error) {
	if l, ok := s.cache.links.GetIfPresent(id); ok {
		return l, nil
	}
	return s.cache.links.Get(ctx, id, otter.LoaderFunc[ledger.ID, *linked](s.loadLink))
}

func (s *Service) loadLink(ctx context.Context, id ledger.ID) (*linked, error) {
	l, err := s.o.Store.Link(ctx, id)
	if err != nil {
		return nil, err
	}
	if l.EndedAt != 0 {
		return &linked{Link: *l}, nil // nobody needs its account, and its member may be erased
	}
	account, err := s.account(ctx, l.Member)
	return &linked{*l, account}, err
}

// account returns a member's account; somebody new is taken in.
func (s *Service) account(ctx context.Context, member string) (ledger.Account, error) {
	account, err := s.o.Members.Account(ctx, member)
	if errors.Is(err, members.ErrErasing) {
		return account, refuse(CodeMemberErased, "the member is being erased, and takes part in nothing any more")
	}
	if errors.Is(err, members.ErrNumber) {
		return account, refuse(CodeInvalid, "member is not the number of a member")
	}
	return account, err
}

// quote returns a quote, or [ErrNotFound]. The caller must not change it.
func (s *Service) quote(ctx context.Context, id ledger.ID) (*Quote, error) {
	if q, ok := s.cache.quotes.GetIfPresent(id); ok {
		return q, nil
	}
	return s.o.Store.Quote(ctx, id)
}
