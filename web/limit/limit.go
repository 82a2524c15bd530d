package limit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Policy is how much a caller may ask for. The bucket holds Quota, and is filled
// up again in Window at a steady rate.
type Policy struct {
	Name   string        // as it is told, 1 to 32 of a to z, 0 to 9, - and _
	Quota  int64         // 1 to 10^12
	Window time.Duration // whole seconds, 1 s to 1 h
}

// Bounds of a policy.
const (
	quotaMax  = 1_000_000_000_000
	windowMax = time.Hour
	nameMax   = 32
	shareMax  = 256
)

func (p *Policy) check() error {
	switch {
	case p.Name == "" || len(p.Name) > nameMax:
		return fmt.Errorf("limit: name %q must have 1 to %d characters", p.Name, nameMax)
	case p.Quota < 1 || p.Quota > quotaMax:
		return fmt.Errorf("limit: quota of %s is %d, must be 1 to %d", p.Name, p.Quota, int64(quotaMax))
	case p.Window < time.Second || p.Window > windowMax || p.Window%time.Second != 0:
		return fmt.Errorf("limit: window of %s is %s, must be whole seconds, 1s to %s", p.Name, p.Window, windowMax)
	}
	return nil
}

// CallersMax is the default of how many callers a limiter remembers.
const CallersMax = 65_536

const shards = 64

// Limiter holds the buckets of one policy. Its methods may be called from many
// goroutines.
type Limiter struct {
	policy Policy
	header []string // RateLimit-Policy
	start  string   // of RateLimit
	now    func() time.Time
	seed   maphash.Seed
	most   int // callers of a shard
	share  atomic.Int64
	shards [shards]shard
}

// shard is a part of the callers. A bucket is the instant, in nanoseconds since
// 1970, at which it will be full again.
type shard struct {
	mu   sync.Mutex
	full map[string]int64
	_    [40]byte // no two locks in one cache line
}

// New returns a limiter that remembers at most so many callers, 0 being
// [CallersMax]. The error says what is wrong with the policy.
func New(p Policy, callers int, now func() time.Time) (*Limiter, error) {
	if now == nil {
		return nil, errors.New("limit: a clock is needed")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if callers == 0 {
		callers = CallersMax
	}
	quoted := strconv.Quote(p.Name)
	l := &Limiter{policy: p, now: now, seed: maphash.MakeSeed(), most: max(callers/shards, 1), start: quoted + ";r=",
		header: []string{fmt.Sprintf("%s;q=%d;w=%d", quoted, p.Quota, p.Window/time.Second)}}
	l.share.Store(1)
	for i := range l.shards {
		l.shards[i].full = map[string]int64{}
	}
	return l, nil
}

// Share says how many limiters there are for the same callers, such as one in each
// gateway of a cluster. Each then grants its part, so that all together grant the
// quota to a caller who goes to all of them alike. What costs more than the part
// takes a full bucket.
func (l *Limiter) Share(limiters int) { l.share.Store(int64(max(limiters, 1))) }

// Policy returns the limiter's policy.
func (l *Limiter) Policy() Policy { return l.policy }

// Decision is what became of a request for a place.
type Decision struct {
	Allowed   bool
	Remaining int64         // of the quota
	Reset     time.Duration // until the bucket is full again
	// RetryAfter is when the same would be allowed; 0 when it is, or when it never
	// will be, because it costs more than the quota.
	RetryAfter time.Duration
}

// Canonical names of the fields; http.Header has no other spelling of them.
const (
	fieldLimit  = "Ratelimit"
	fieldPolicy = "Ratelimit-Policy"
)

// Take takes cost, at least 0, out of a caller's bucket, or nothing if it is not
// there.
func (l *Limiter) Take(caller string, cost int64) Decision {
	now := l.now().UnixNano()
	window := int64(l.policy.Window)
	if cost > l.policy.Quota {
		return Decision{}
	}
	price := l.price(max(cost, 0))
	s := &l.shards[maphash.String(l.seed, caller)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.full[caller]
	at = max(at, now)
	if late := at + price - now - window; late > 0 {
		d := l.decision(at - now)
		d.RetryAfter = time.Duration(late)
		return d
	}
	if price > 0 {
		if !known && len(s.full) >= l.most {
			s.forget(now, l.most)
		}
		at += price
		s.full[caller] = at
	}
	d := l.decision(at - now)
	d.Allowed = true
	return d
}

// price is the time in which a limiter's part fills up by a cost, at most the quota.
func (l *Limiter) price(cost int64) int64 {
	share := min(l.share.Load(), shareMax)
	if part := max(l.policy.Quota/share, 1); cost < part {
		return mulDiv(cost, int64(l.policy.Window), part, true)
	}
	return int64(l.policy.Window)
}

// decision says what a bucket holds that will be full after a time.
func (l *Limiter) decision(missing int64) Decision {
	window := int64(l.policy.Window)
	return Decision{Remaining: mulDiv(max(window-missing, 0), l.policy.Quota, window, false), Reset: time.Duration(missing)}
}

// forget drops those whose bucket is full. When there are none it drops some
// other: memory is bounded first.
func (s *shard) forget(now int64, most int) {
	for caller, at := range s.full {
		if at <= now {
			delete(s.full, caller)
		}
	}
	for caller := range s.full {
		if len(s.full) < most {
			return
		}
		delete(s.full, caller)
	}
}

// mulDiv is a × b / c without overflow on the way, rounded up or down. The
// result fits, because a is at most c, or b is.
func mulDiv(a, b, c int64, up bool) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	if up && r > 0 {
		q++
	}
	return int64(q)
}

// Tell writes a decision into the header of an answer.
func (l *Limiter) Tell(h http.Header, d Decision) {
	var room [64]byte
	b := append(room[:0], l.start...)
	b = strconv.AppendInt(b, d.Remaining, 10)
	b = append(b, ";t="...)
	b = strconv.AppendInt(b, int64((d.Reset+time.Second-1)/time.Second), 10)
	h[fieldLimit] = []string{string(b)}
	h[fieldPolicy] = l.header
}

// Callers returns how many callers are remembered.
func (l *Limiter) Callers() (n int) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}
