package chaincode

import (
	"errors"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Survey adds a state up, value by value: what there is of everything. Two
// states with the same keys have the same survey.
type Survey struct {
	Keys, Bytes uint64 // of values

	Hub      string
	Window   ledger.Date // the open one
	Windows  uint64
	Partners uint64
	// Proposed, Accepted and Rejected are agreements.
	Proposed, Accepted, Rejected uint64

	Accounts uint64 // members'
	Points   int64  // of all members, held or not
	Holds    uint64 // open
	Held     int64  // points that they set aside
	Debts    int64  // points of issues taken back that members must still earn
	// HubSum is that of all accounts of electricity points, members' and house
	// accounts: zero.
	HubSum int64
	// Owed is what the partners owe the utility together, and Positions and Net what
	// the windows' positions say; in millionths of a yuan.
	Owed      int64
	Positions uint64
	Net       int64

	Transfers, Batches, Checkpoints uint64
	Reversed                        uint64 // conversions, in part or whole, and issues
	Settlements, Adjustments        uint64
	// Root is the hash of the last checkpoint that was added.
	Root ledger.Hash
}

// Add adds the value of a key. Keys come in ascending order. A key that is not
// of the contract's layout is damage.
func (s *Survey) Add(key string, value []byte) error {
	s.Keys++
	s.Bytes += uint64(len(value))
	prefix, _, found := strings.Cut(key, "/")
	if !found {
		return s.alliance(key, value)
	}
	switch prefix {
	case "a":
		return surveyed(key, value, s.account)
	case "b":
		return surveyed(key, value, s.books)
	case "c":
		return surveyed(key, value, func(c *checkpoint) error {
			s.Checkpoints++
			s.Root = c.Hash()
			return nil
		})
	case "g":
		return surveyed(key, value, s.agreement)
	case "gi":
		return surveyed(key, value, func(*series) error { return nil })
	case "h":
		return surveyed(key, value, func(h *house) error { return sum(&s.HubSum, h.amount) })
	}
	return s.rest(prefix, key, value)
}

// rest is Add for keys of which there is less to say.
func (s *Survey) rest(prefix, key string, value []byte) error {
	switch prefix {
	case "d":
		return surveyed(key, value, func(*due) error { return nil })
	case "i":
		return surveyed(key, value, func(*page) error { return nil })
	case "j":
		return surveyed(key, value, count1[adjustment](&s.Adjustments))
	case "l":
		return surveyed(key, value, func(*head) error { return nil })
	case "n":
		return surveyed(key, value, func(*programme) error { return nil })
	case "p":
		return surveyed(key, value, count1[partner](&s.Partners))
	case "r":
		return surveyed(key, value, func(*residue) error { return nil })
	case "s":
		return surveyed(key, value, func(*standing) error { return nil })
	case "t":
		return surveyed(key, value, func(b *packed) error {
			s.Batches++
			s.Transfers += uint64(b.header.Size)
			return nil
		})
	case "v":
		return surveyed(key, value, count1[reversal](&s.Reversed))
	case "w":
		return surveyed(key, value, count1[window](&s.Windows))
	case "wp":
		return surveyed(key, value, func(p *position) error {
			s.Positions++
			return sum(&s.Net, p.Net())
		})
	case "x":
		return surveyed(key, value, func(*spot) error { return nil })
	case "ws":
		return surveyed(key, value, count1[settlement](&s.Settlements))
	}
	return damaged("key %q is not of the contract", key)
}

func (s *Survey) alliance(key string, value []byte) error {
	if key == keyHistory {
		return surveyed(key, value, func(*past) error { return nil })
	}
	if key != keyAlliance {
		return damaged("key %q is not of the contract", key)
	}
	return surveyed(key, value, func(a *alliance) error {
		s.Hub, s.Window = a.programme, a.window
		return nil
	})
}

func (s *Survey) account(a *account) error {
	s.Accounts++
	s.Holds += uint64(len(a.holds))
	for i := range a.holds {
		if err := sum(&s.Held, a.holds[i].Amount); err != nil {
			return err
		}
	}
	return errors.Join(sum(&s.Points, a.hub()), sum(&s.HubSum, a.hub()), sum(&s.Debts, a.debt))
}

func (s *Survey) books(b *books) error {
	return errors.Join(sum(&s.HubSum, b.hub()), sum(&s.Owed, b.owed))
}

func (s *Survey) agreement(a *agreement) error {
	switch a.Status {
	case ledger.AgreementProposed:
		s.Proposed++
	case ledger.AgreementAccepted:
		s.Accepted++
	case ledger.AgreementRejected:
		s.Rejected++
	}
	return nil
}

// count1 counts values.
func count1[T any](n *uint64) func(*T) error {
	return func(*T) error {
		*n++
		return nil
	}
}

// surveyed reads a value.
func surveyed[T any, P content[T]](key string, value []byte, visit func(*T) error) error {
	var v T
	if err := decode[T, P](key, value, &v); err != nil {
		return err
	}
	return visit(&v)
}

// sum adds to a sum.
func sum(to *int64, n int64) error {
	if err := add(to, n); err != nil {
		return damaged("a sum over the state does not fit 64 bits")
	}
	return nil
}

// IsHistory reports whether a key is that of the history, which the ledger that
// was carried over does not have.
func IsHistory(key string) bool { return key == keyHistory }
