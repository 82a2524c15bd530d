package partnersim

import (
	"errors"
	"fmt"
	"math"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// Errors of the administration.
var (
	errMemberExists  = errors.New("partnersim: there is a member with that membership")
	errMemberUnknown = errors.New("partnersim: there is no such member")
	errTooFewPoints  = errors.New("partnersim: the balance is below the amount")
)

// account is a member's: the balance and all that made it. Every field is a sum
// in smallest units, never negative.
type account struct {
	status                                                        byte
	balance, opened, debits, credits, givenBack, takenBack, spent int64
}

// statuses by their byte in a record.
var statuses = [...]connector.MemberStatus{connector.MemberActive, connector.MemberClosed, connector.MemberBlocked}

func statusByte(s connector.MemberStatus) (byte, bool) {
	for i, known := range statuses {
		if s == known {
			return byte(i), true
		}
	}
	return 0, false
}

func (a *account) encode() []byte {
	b := append(newRecord(64), a.status)
	for _, n := range [...]int64{a.balance, a.opened, a.debits, a.credits, a.givenBack, a.takenBack, a.spent} {
		b = appendInt(b, n)
	}
	return b
}

func (a *account) decode(b []byte) error {
	r := readRecord(b)
	a.status = r.byte()
	for _, n := range [...]*int64{&a.balance, &a.opened, &a.debits, &a.credits, &a.givenBack, &a.takenBack, &a.spent} {
		*n = r.int()
	}
	if int(a.status) >= len(statuses) {
		r.bad = true
	}
	return r.done()
}

// barred returns the reason for which no points may move, empty if they may.
func (a *account) barred() connector.DeclineCode {
	switch statuses[a.status] {
	case connector.MemberClosed:
		return connector.DeclineMembershipClosed
	case connector.MemberBlocked:
		return connector.DeclineMembershipBlocked
	}
	return ""
}

// move adds to the balance, or takes from it, and to the sum that says why. It
// returns the reason if it cannot, and changes nothing then.
func (a *account) move(amount int64, sum *int64, in bool) connector.DeclineCode {
	if *sum > math.MaxInt64-amount || in && a.balance > math.MaxInt64-amount {
		return connector.DeclineLimitExceeded
	}
	if !in && a.balance < amount {
		return connector.DeclineInsufficientPoints
	}
	*sum += amount
	if in {
		a.balance += amount
	} else {
		a.balance -= amount
	}
	return ""
}

// Member is what the administration shows of a member. Amounts are in smallest
// units.
type Member struct {
	Membership string
	Status     connector.MemberStatus
	Balance    int64
	Opened     int64
	Spent      int64
}

func validMembership(s string) bool {
	_, _, err := connector.DecodeMember(connector.EncodeMember(s, "PROBE"))
	return err == nil
}

// OpenMember opens a membership with a balance. It returns an error if there is
// one of that number, or the number or balance is not valid.
func (h *Host) OpenMember(membership string, status connector.MemberStatus, balance int64) error {
	code, ok := statusByte(status)
	if !ok || balance < 0 || !validMembership(membership) {
		return fmt.Errorf("partnersim: membership must be 1 to %d visible ASCII characters, balance not negative, status active, closed or blocked", connector.MembershipLengthMax)
	}
	return h.changeMember(membership, func(a *account, found bool) error {
		if found {
			return errMemberExists
		}
		*a = account{status: code, balance: balance, opened: balance}
		return nil
	})
}

// SetStatus closes, blocks or activates a member.
func (h *Host) SetStatus(membership string, status connector.MemberStatus) error {
	code, ok := statusByte(status)
	if !ok {
		return errors.New("partnersim: status must be active, closed or blocked")
	}
	return h.changeMember(membership, func(a *account, found bool) error {
		if !found {
			return errMemberUnknown
		}
		a.status = code
		return nil
	})
}

// Spend takes points from a member as if it had bought something at the partner.
func (h *Host) Spend(membership string, amount int64) error {
	if amount < 1 {
		return errors.New("partnersim: amount must be positive")
	}
	return h.changeMember(membership, func(a *account, found bool) error {
		if !found {
			return errMemberUnknown
		}
		if a.move(amount, &a.spent, false) != "" {
			return errTooFewPoints
		}
		return nil
	})
}

func (h *Host) changeMember(membership string, change func(a *account, found bool) error) error {
	w, err := h.lockedChange(membership, change)
	return errors.Join(err, w.wait())
}

func (h *Host) lockedChange(membership string, change func(a *account, found bool) error) (write, error) {
	key := memberKey(membership)
	defer h.memberLocks.lock(key[1:]).Unlock()
	var a account
	found, err := h.store.get(key, a.decode)
	if err != nil {
		return write{}, err
	}
	if err := change(&a, found); err != nil {
		return write{}, err
	}
	batch := h.store.db.NewBatch()
	if err := batch.Set(key, a.encode(), nil); err != nil {
		return write{}, err
	}
	return h.store.apply(batch)
}

// Member returns a member.
func (h *Host) Member(membership string) (Member, error) {
	var a account
	found, err := h.store.get(memberKey(membership), a.decode)
	if err == nil && !found {
		err = errMemberUnknown
	}
	return memberOf(membership, &a), err
}

func memberOf(membership string, a *account) Member {
	return Member{Membership: membership, Status: statuses[a.status], Balance: a.balance, Opened: a.opened, Spent: a.spent}
}

// errEnough ends a scan.
var errEnough = errors.New("enough")

// MembersAfter returns up to n members in the order of their numbers, beginning
// behind one of them, or with the first if that is empty.
func (h *Host) MembersAfter(membership string, n int) ([]Member, error) {
	var members []Member
	err := h.store.scan(h.store.db, append(memberKey(membership), 0), []byte{keyMember + 1}, func(key, value []byte) error {
		if len(members) == n {
			return errEnough
		}
		var a account
		if err := a.decode(value); err != nil {
			return err
		}
		members = append(members, memberOf(string(key[1:]), &a))
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return members, err
}

// validate answers whether a membership may take part.
func (h *Host) validate(membership string) (connector.MemberStatus, error) {
	m, err := h.Member(membership)
	switch {
	case errors.Is(err, errMemberUnknown):
		return connector.MemberUnknown, nil
	case err != nil:
		return "", err
	}
	return m.Status, h.store.settle()
}
