package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SlotsMax is how many slots there are: as many as a byte of a conversion's ID
// tells apart.
const SlotsMax = 256

const (
	addressMax = 200
	dutyMax    = 64
	// TTLMin and TTLMax bound how long a lease lasts.
	TTLMin = 100 * time.Millisecond
	TTLMax = time.Hour
)

// Slot is a number that one gateway leases, with the token of its lease. Tokens
// begin at 1 and only rise, so the zero value is no slot.
type Slot struct {
	Number uint8
	Token  uint64
}

// IsZero reports whether it is no slot.
func (s Slot) IsZero() bool { return s.Token == 0 }

// String returns the form "number/token" of logs.
func (s Slot) String() string { return fmt.Sprintf("%d/%d", s.Number, s.Token) }

// Gateway is who leases a slot, or did and left work behind.
type Gateway struct {
	Slot
	Address string // where other gateways reach it
	Alive   bool   // its lease has not run out, by the database's clock
}

// Duty is something that one gateway of a cluster does.
type Duty struct {
	Name  string
	Owner Slot // has it, if it is held
	Held  bool // the owner has neither given it back nor been fenced; it may be dead
	Epoch uint64
}

// Errors of [Leases].
var (
	// ErrLost: the slot's token was raised; what its holder does is refused from
	// now on, so it does well to end.
	ErrLost = errors.New("cluster: the slot was taken from this gateway")
	// ErrLapsed: the caller's lease has run out and nobody has taken its slot yet;
	// renew it first.
	ErrLapsed = errors.New("cluster: the lease has run out; renew it first")
	// ErrTaken: another gateway, which is alive or may be, has the duty.
	ErrTaken = errors.New("cluster: another gateway has this duty")
	// ErrAlive: the slot's lease has not run out.
	ErrAlive = errors.New("cluster: the gateway of this slot is alive")
	// ErrEarly: the other's lease has run out, but the caller has not held its own
	// without a gap for the time of a lease: both may have been cut off, so the
	// other is given time to come back.
	ErrEarly = errors.New("cluster: too early to call another gateway dead")
	// ErrFull: all slots are leased, or wait for their work to be carried on.
	ErrFull = errors.New("cluster: no slot is free")
	// ErrInvalid: an argument is out of its bounds; the error says which.
	ErrInvalid = errors.New("cluster: invalid")
)

// Leases keeps slots and duties. Its methods may be called from many goroutines and
// processes at once. An error that is none of those above says that it is not known
// whether the operation was carried out; each may be given again, and a slot whose
// Join was not answered runs out by itself.
type Leases interface {
	// Join leases a free slot for a time. It returns [ErrFull]. When no slot is free
	// and no gateway is alive, it fences all and takes the slot that ran out first;
	// so a gateway carries on what its own slot has left before it makes anything.
	Join(ctx context.Context, address string, ttl time.Duration) (Slot, error)
	// Renew lets the lease last for a time from now, also when it had run out and
	// nobody has fenced the slot. It returns [ErrLost].
	Renew(ctx context.Context, s Slot, ttl time.Duration) error
	// Leave ends the lease, gives back the slot's duties and fences the slot. It is
	// not free before somebody has carried on what is left. A second call does
	// nothing.
	Leave(ctx context.Context, s Slot) error
	// Gateways lists the slots that are not free, by number.
	Gateways(ctx context.Context) ([]Gateway, error)
	// Take makes the slot owner of a duty, and returns its epoch, 1 for the first
	// owner. From an owner that is not alive it takes it by fencing that one. Who has
	// the duty already gets the same epoch again. It returns [ErrTaken], [ErrEarly],
	// [ErrLost] or [ErrLapsed].
	Take(ctx context.Context, s Slot, duty string) (epoch uint64, err error)
	// Give gives a duty back; it does nothing when the slot does not have it.
	Give(ctx context.Context, s Slot, duty string) error
	// Duties lists all duties that were ever taken, by name.
	Duties(ctx context.Context) ([]Duty, error)
	// Fence raises the token of a slot whose lease has run out, or that is free, and
	// returns it. The slot is not leased again before it is freed, so that what its
	// holder left can be carried on. It returns [ErrAlive], [ErrEarly], and [ErrLost]
	// or [ErrLapsed] for the caller's own slot.
	Fence(ctx context.Context, by Slot, number uint8) (token uint64, err error)
	// Free says that nothing is left of a slot which the caller has fenced; dead has
	// the token that Fence returned. From then on it can be leased again. It returns
	// [ErrLost] when the token of either was raised since, and [ErrLapsed].
	Free(ctx context.Context, by, dead Slot) error
}

// CheckLease returns [ErrInvalid] for an address or a time that no lease can have.
func CheckLease(address string, ttl time.Duration) error {
	if len(address) > addressMax {
		return fmt.Errorf("%w: the address has %d bytes, at most %d", ErrInvalid, len(address), addressMax)
	}
	if ttl < TTLMin || ttl > TTLMax {
		return fmt.Errorf("%w: a lease of %s, want %s to %s", ErrInvalid, ttl, TTLMin, TTLMax)
	}
	return nil
}

// CheckDuty returns [ErrInvalid] for a name that no duty can have.
func CheckDuty(name string) error {
	if name == "" || len(name) > dutyMax {
		return fmt.Errorf("%w: the name of a duty has %d bytes, want 1 to %d", ErrInvalid, len(name), dutyMax)
	}
	return nil
}
