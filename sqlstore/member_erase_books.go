package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
)

const (
	eraseEvents   = `UPDATE reward_events SET member = $1, contract = '', reason = '' WHERE member = $2`
	eraseStanding = `DELETE FROM reward_members WHERE member = $1`
	// The night that is interrupted begins anew, which finds done what it did.
	eraseNight = `UPDATE reward_night SET after = '' WHERE after = $1`
)

// eraseRewards keeps what was earned, for the sums, and drops how the member stood.
func (s *Store) eraseRewards(ctx context.Context, p *members.Person) error {
	return s.storeAll(ctx, []statement{stmt(eraseEvents, p.Token, p.Number), stmt(eraseStanding, p.Number), stmt(eraseNight, p.Number)})
}

const (
	eraseOrder  = `UPDATE mall_orders SET member = $1, request_key = $2, request_hash = $3, detail = $4 WHERE id = $5`
	eraseClaims = `DELETE FROM mall_claims WHERE order_id = $1`
	eraseReturn = `UPDATE mall_returns SET request_key = $1, request_hash = $2, detail = $3 WHERE id = $4`
)

// noHash stands where the hash of a request was from which a number could be guessed.
var noHash [32]byte

// eraseOrders keeps what was bought, and drops for whom and where it was sent.
func (s *Store) eraseOrders(ctx context.Context, p *members.Person) error {
	return s.eachOrder(ctx, p.Number, func(o *mall.Order) error {
		returns, err := s.Returns(ctx, o.ID)
		if err != nil {
			return err
		}
		o.Member, o.ContractAccount, o.Address, o.Request.Key = p.Token, "", nil, erasedKey(o.ID)
		detail, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("sqlstore: order %s: %w", o.ID, err)
		}
		all := []statement{stmt(eraseClaims, o.ID[:]), stmt(eraseOrder, p.Token, o.Request.Key, noHash[:], string(detail), o.ID[:])}
		for _, r := range returns {
			r.Reason, r.Request.Key = "", erasedKey(r.ID)
			detail, err := json.Marshal(r)
			if err != nil {
				return fmt.Errorf("sqlstore: return %s: %w", r.ID, err)
			}
			all = append(all, stmt(eraseReturn, r.Request.Key, noHash[:], string(detail), r.ID[:]))
		}
		return s.storeAll(ctx, all)
	})
}

// erasedKey is the idempotency key of a request that was erased: no client has it.
func erasedKey(id ledger.ID) string { return "erased " + id.String() }

const (
	eraseConversion = `UPDATE conversions SET member = $1, source_membership = '', destination_membership = '', request_key = $2, request_hash = $3 WHERE id = $4`
	eraseReversal   = `UPDATE reversals SET reason = '', request_key = $1, request_hash = $2 WHERE id = $3`
	eraseSigned     = `UPDATE signed_requests SET body = $1 WHERE body_hash = $2`
)

// eraseConversions keeps what was converted, at which account of the ledger.
func (s *Store) eraseConversions(ctx context.Context, p *members.Person) error {
	for {
		page, err := s.ConversionsOf(ctx, p.Number, ledger.ID{}, erasePage)
		if err != nil || len(page) == 0 {
			return err
		}
		var all []statement
		for _, c := range page {
			more, err := s.withoutMember(ctx, c, p)
			if err != nil {
				return err
			}
			all = append(all, more...)
		}
		if err := s.storeAll(ctx, all); err != nil {
			return err
		}
	}
}

func (s *Store) withoutMember(ctx context.Context, c *exchange.Conversion, p *members.Person) ([]statement, error) {
	reversals, err := s.Reversals(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	evidence := []*ledger.Evidence{c.Evidence}
	var all []statement
	for _, r := range reversals {
		all = append(all, stmt(eraseReversal, erasedKey(r.ID), noHash[:], r.ID[:]))
		evidence = append(evidence, r.Evidence)
	}
	for _, e := range evidence {
		more, err := s.signedWithout(ctx, e, p)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return append(all, stmt(eraseConversion, p.Token, erasedKey(c.ID), noHash[:], c.ID[:])), nil
}

// signedWithout drops the text of a signed request that names the member. Its hash and
// signature stay, on the ledger too.
func (s *Store) signedWithout(ctx context.Context, e *ledger.Evidence, p *members.Person) ([]statement, error) {
	if e == nil {
		return nil, nil
	}
	body, err := s.SignedRequest(ctx, e.Body)
	if errors.Is(err, exchange.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if clean := without(string(body), names(p), p.Token); bytes.Equal([]byte(clean), body) {
		return nil, nil
	}
	return []statement{stmt(eraseSigned, []byte{}, e.Body[:])}, nil
}
