package sqlstore

import (
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Booking is a row that says of a transfer that it is on the ledger.
type Booking struct {
	What     string // such as "conversion"
	ID       string // the row's key, for people
	Transfer ledger.ID
}

// bookings are the tables that say so. Each query takes the last key and how many,
// and gives key, ID of the workflow, and which of its commands it is.
var bookings = []struct {
	what, query string
	first       any
}{
	{"conversion", `SELECT id, id, CASE WHEN in_partner IS NULL AND destination_mode = 'callback' THEN 1 ELSE 0 END FROM conversions
		WHERE id > $1 AND status = 'completed' ORDER BY id LIMIT $2`, []byte{}},
	{"reversal", `SELECT id, id, 0 FROM reversals WHERE id > $1 AND status = 'completed' ORDER BY id LIMIT $2`, []byte{}},
	{"order", `SELECT id, id, 1 FROM mall_orders WHERE id > $1 AND month <> 0 AND points > 0 AND kind <> 'partner_points' ORDER BY id LIMIT $2`, []byte{}},
	{"reward event", `SELECT id, command, 0 FROM reward_events WHERE id > $1 AND state = 'issued' AND points > 0 ORDER BY id LIMIT $2`, ""},
	{"bonus", `SELECT cause, command, -1 FROM reward_bonus_moves WHERE cause > $1 AND state = 'done' AND amount > 0 ORDER BY cause LIMIT $2`, []byte{}},
	{"goodwill", `SELECT id, id, -1 FROM support_acts WHERE id > $1 AND state = 'done' AND kind = 'goodwill' ORDER BY id LIMIT $2`, []byte{}},
}

// bookedPage is how many rows are read at once.
const bookedPage = 1000

// Booked calls visit for every row that says of a transfer that it is on the ledger,
// table by table, and stops at the first error, which it returns.
func (s *Store) Booked(ctx context.Context, visit func(Booking) error) error {
	for _, table := range bookings {
		last := table.first
		for {
			page, err := list(ctx, s.reader, scanBooking, table.query, last, int64(bookedPage))
			if err != nil {
				return fmt.Errorf("sqlstore: bookings: %w", err)
			}
			for _, row := range page {
				if err := visit(Booking{What: table.what, ID: row.text(), Transfer: row.transfer}); err != nil {
					return err
				}
			}
			if len(page) < bookedPage {
				break
			}
			last = page[len(page)-1].key
		}
	}
	return nil
}

type bookingRow struct {
	key      any
	transfer ledger.ID
}

func scanBooking(row scanner) (*bookingRow, error) {
	var b bookingRow
	var step int64
	err := row.Scan(&b.key, (*idColumn)(&b.transfer), &step)
	if step >= 0 {
		b.transfer = b.transfer.Step(int(step))
	}
	return &b, err
}

// text is the key for people.
func (b *bookingRow) text() string {
	var id ledger.ID
	if scanBytes(id[:], b.key) == nil {
		return id.String()
	}
	return fmt.Sprint(b.key)
}

// owners are where the workflows stand whose commands are on the ledger.
var owners = []string{
	`SELECT id FROM conversions WHERE id IN `,
	`SELECT id FROM reversals WHERE id IN `,
	`SELECT id FROM mall_orders WHERE id IN `,
	`SELECT id FROM mall_returns WHERE id IN `,
	`SELECT command FROM reward_events WHERE command IN `,
	`SELECT command FROM reward_bonus_moves WHERE command IN `,
	`SELECT id FROM support_acts WHERE id IN `,
	`SELECT id FROM member_erasures WHERE id IN `,
}

// Known returns which of some IDs are those of work that the database knows. It
// reads whole tables and is for few IDs.
func (s *Store) Known(ctx context.Context, ids []ledger.ID) (map[ledger.ID]bool, error) {
	known := map[ledger.ID]bool{}
	for _, query := range owners {
		err := pieces(idArgs(ids), func(length int, args []any) error {
			found, err := list(ctx, s.reader, func(row scanner) (*ledger.ID, error) {
				var id ledger.ID
				return &id, row.Scan((*idColumn)(&id))
			}, query+among(1, length), args...)
			for _, id := range found {
				known[*id] = true
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("sqlstore: known work: %w", err)
		}
	}
	return known, nil
}

const (
	selectErased      = `SELECT account FROM member_erasures WHERE step = 'done' ORDER BY account`
	selectUnforgotten = `SELECT account FROM members WHERE account IN `
)

// Erased returns the accounts of members who were forgotten.
func (s *Store) Erased(ctx context.Context) ([]ledger.Account, error) {
	return values(list(ctx, s.reader, scanAccount, selectErased))
}

// Unforgotten returns which of some accounts are those of members who are not
// forgotten.
func (s *Store) Unforgotten(ctx context.Context, accounts []ledger.Account) (all []ledger.Account, err error) {
	args := make([][]byte, len(accounts))
	for i := range accounts {
		args[i] = accounts[i][:]
	}
	seen := map[ledger.Account]bool{}
	err = pieces(args, func(length int, args []any) error {
		found, err := values(list(ctx, s.reader, scanAccount, selectUnforgotten+among(1, length), args...))
		for _, a := range found {
			if !seen[a] {
				seen[a] = true
				all = append(all, a)
			}
		}
		return err
	})
	return all, err
}

func scanAccount(row scanner) (*ledger.Account, error) {
	var a ledger.Account
	return &a, row.Scan((*accountColumn)(&a))
}
