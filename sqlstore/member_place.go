package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// MemberPlace is what the tables know of members: the number, and what else leads to
// them. It knows their memberships, so it erases last. `TestEveryTableSaysWhetherItNamesMembers`
// holds new tables to saying so.
func (s *Store) MemberPlace() members.Place {
	return members.Place{Name: "tables", UnderWay: s.memberUnderWay, Aliases: s.memberAliases, Erase: s.eraseMember}
}

// underWay are the questions whether something of a member has not ended.
var underWay = []struct{ what, query string }{
	{"a bonus", `SELECT 1 FROM reward_bonus_moves AS v, reward_bonuses AS b, members AS m
		WHERE v.state = 'due' AND b.conversion = v.conversion AND m.account = b.account AND m.number = $1 LIMIT 1`},
	{"a conversion", `SELECT 1 FROM conversions WHERE member = $1 AND (step <> 'done' OR status = 'processing') LIMIT 1`},
	{"a reversal", `SELECT 1 FROM reversals AS r, conversions AS c WHERE r.step <> 'done' AND c.id = r.conversion AND c.member = $1 LIMIT 1`},
	{"an order", `SELECT 1 FROM mall_orders WHERE member = $1 AND step <> 'done' LIMIT 1`},
	{"a return", `SELECT 1 FROM mall_returns AS r, mall_orders AS o WHERE r.step <> 'done' AND o.id = r.order_id AND o.member = $1 LIMIT 1`},
	{"an event that earns points", `SELECT 1 FROM reward_events WHERE member = $1 AND state IN ('issuing', 'cancelling') LIMIT 1`},
}

var errNone = errors.New("none")

func scanFact(row scanner) (*int64, error) {
	var n int64
	err := row.Scan(&n)
	return &n, err
}

func (s *Store) memberUnderWay(ctx context.Context, m *members.Member) error {
	for _, q := range underWay {
		switch _, err := one(ctx, s.reader, scanFact, errNone, q.query, m.Number); {
		case errors.Is(err, errNone):
		case err != nil:
			return err
		default:
			return members.Obstruct(members.CodeUnderWay, "%s is under way; erase the member once it has ended", q.what)
		}
	}
	return s.breakUnderWay(ctx, m)
}

const selectUnendedFindings = `SELECT finding FROM breaks WHERE state NOT IN ('resolved', 'cleared')`

// breakUnderWay looks for a break about the member that nobody has resolved: who
// resolves it must be able to tell the partner whose it is.
func (s *Store) breakUnderWay(ctx context.Context, m *members.Member) error {
	all, err := list(ctx, s.reader, scanText, selectUnendedFindings)
	if err != nil {
		return err
	}
	for _, text := range all {
		var f desk.Finding
		if err := json.Unmarshal([]byte(*text), &f); err != nil {
			return fmt.Errorf("sqlstore: finding: %w", err)
		}
		if f.Transfer.IsZero() {
			continue
		}
		number, err := s.memberOfTransfer(ctx, f.Transfer)
		if err != nil {
			return err
		}
		if number == m.Number {
			return members.Obstruct("break_open", "a difference with a partner about a conversion of the member is not resolved; erase the member once it is")
		}
	}
	return nil
}

// memberOfTransfer returns whose conversion it is, or that which a reversal took back;
// nobody's is "".
func (s *Store) memberOfTransfer(ctx context.Context, id ledger.ID) (string, error) {
	r, err := s.Reversal(ctx, id)
	switch {
	case err == nil:
		id = r.Conversion
	case !errors.Is(err, exchange.ErrNotFound):
		return "", err
	}
	c, err := s.Conversion(ctx, id)
	if errors.Is(err, exchange.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return c.Member, nil
}

const (
	selectMemberships = `SELECT DISTINCT partner, membership FROM links WHERE member = $1`
	selectFormerOnes  = `SELECT DISTINCT partner, membership FROM (
		SELECT in_partner AS partner, source_membership AS membership FROM conversions WHERE member = $1
		UNION SELECT out_partner, destination_membership FROM conversions WHERE member = $2) AS named WHERE membership <> ''`
	selectContracts = `SELECT DISTINCT '', contract FROM reward_events WHERE member = $1 AND contract <> ''`
)

// memberAliases returns memberships and contract accounts.
func (s *Store) memberAliases(ctx context.Context, m *members.Member) (all []members.Alias, err error) {
	for _, q := range []struct {
		query string
		args  []any
	}{{selectMemberships, []any{m.Number}}, {selectFormerOnes, []any{m.Number, m.Number}}, {selectContracts, []any{m.Number}}} {
		found, err := values(list(ctx, s.reader, scanAlias, q.query, q.args...))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	err = s.eachOrder(ctx, m.Number, func(o *mall.Order) error {
		if o.ContractAccount != "" {
			all = append(all, members.Alias{Text: o.ContractAccount})
		}
		return nil
	})
	return all, err
}

func scanAlias(row scanner) (*members.Alias, error) {
	var a members.Alias
	err := row.Scan(&a.Partner, &a.Text)
	return &a, err
}

// eachOrder visits a member's orders, newest first. What visit changes must not change
// their IDs.
func (s *Store) eachOrder(ctx context.Context, number string, visit func(*mall.Order) error) error {
	const page = 200
	for before := (ledger.ID{}); ; {
		all, err := s.MallOrders(ctx, mall.OrderFilter{Member: number, Before: before, Limit: page})
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := visit(o); err != nil {
				return err
			}
		}
		if len(all) < page {
			return nil
		}
		before = all[len(all)-1].ID
	}
}

const selectConversionsOf = `SELECT ` + conversionColumns + ` FROM conversions WHERE member = $1 AND id > $2 ORDER BY id LIMIT $3`

// ConversionsOf returns conversions of a member with an ID above after, ascending. No
// index leads there, because every conversion would have to pay for it: a page reads
// the table on until it is full.
func (s *Store) ConversionsOf(ctx context.Context, number string, after ledger.ID, limit int) ([]*exchange.Conversion, error) {
	return list(ctx, s.reader, scanConversion, selectConversionsOf, number, after[:], int64(max(limit, 0)))
}

const selectLinksEver = `SELECT ` + linkColumns + ` FROM links WHERE member = $1 ORDER BY id`

// LinksEver returns the links of a member, standing and ended, oldest first.
func (s *Store) LinksEver(ctx context.Context, number string) ([]*exchange.Link, error) {
	return list(ctx, s.reader, scanLink, selectLinksEver, number)
}
