package signin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Locked says that no guess is looked at for a while.
type Locked struct{ RetryAfter time.Duration }

// Error implements error.
func (l *Locked) Error() string {
	return fmt.Sprintf("signin: too many wrong guesses; try again in %s", l.RetryAfter)
}

// limit is how many wrong guesses in a row are free, and how long to wait after
// the last free one; each further one doubles it up to a bound.
type limit struct {
	kind        string
	free        int64
	first, most time.Duration
}

// The limits. By account and address is the strict one. By account alone stops
// guessing from many addresses, but not so hard that a stranger can lock a user
// out; by address alone stops one password being tried on many accounts.
var limits = [3]limit{
	{"pair", 5, 30 * time.Second, time.Hour},
	{"login", 50, 10 * time.Second, time.Minute},
	{"address", 100, 30 * time.Second, 15 * time.Minute},
}

// attemptsKept is how long wrong guesses are remembered.
const attemptsKept = 24 * time.Hour

// delay is how long to wait after the count-th wrong guess in a row.
func (l *limit) delay(count int64) time.Duration {
	over := count - l.free
	if over < 0 {
		return 0
	}
	d := l.first
	for ; over > 0 && d < l.most; over-- {
		d *= 2
	}
	return min(d, l.most)
}

func (l *limit) key(login, address string) [32]byte {
	switch l.kind {
	case "login":
		address = ""
	case "address":
		login = ""
	}
	return sha256.Sum256([]byte(l.kind + "\x00" + login + "\x00" + address))
}

// racesMax bounds how often a counter is read again because another guess came
// between.
const racesMax = 16

// count takes a guess as wrong before it is looked at, so that many at once
// cannot get around the limits. It returns [*Locked] when it is not to be looked
// at.
func (s *Service) count(ctx context.Context, login, address string) error {
	// An address that must wait leaves no counters behind for logins that it makes up.
	from, err := s.o.Store.Attempts(ctx, limits[2].key(login, address))
	if err != nil {
		return err
	}
	if now := s.o.Now().UnixMilli(); from.Until > now {
		return &Locked{RetryAfter: time.Duration(from.Until-now) * time.Millisecond}
	}
	for i := range limits {
		if err := s.countOne(ctx, &limits[i], limits[i].key(login, address)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) countOne(ctx context.Context, l *limit, key [32]byte) error {
	for range racesMax {
		now := s.o.Now().UnixMilli()
		old, err := s.o.Store.Attempts(ctx, key)
		if err != nil {
			return err
		}
		if old.Until > now {
			return &Locked{RetryAfter: time.Duration(old.Until-now) * time.Millisecond}
		}
		next := Attempts{Count: old.Count + 1, At: now}
		if now-old.At > attemptsKept.Milliseconds() {
			next.Count = 1
		}
		next.Until = now + l.delay(next.Count).Milliseconds()
		if err := s.o.Store.SwapAttempts(ctx, key, old, next); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return &Locked{RetryAfter: time.Second}
}

// forgive clears what a guess that was right had counted: the account's counters
// altogether, the address's by this one guess.
func (s *Service) forgive(ctx context.Context, login, address string) error {
	pair, account, from := limits[0].key(login, address), limits[1].key(login, address), limits[2].key(login, address)
	if err := errors.Join(s.o.Store.ClearAttempts(ctx, pair), s.o.Store.ClearAttempts(ctx, account)); err != nil {
		return err
	}
	old, err := s.o.Store.Attempts(ctx, from)
	if err != nil || old.Count == 0 {
		return err
	}
	err = s.o.Store.SwapAttempts(ctx, from, old, Attempts{Count: old.Count - 1, At: old.At})
	if errors.Is(err, ErrChanged) {
		return nil // one guess more or less does not matter
	}
	return err
}
