package exchange

import "time"

const (
	// paceFloor is how much is always worked on at a time: so little makes nothing late
	// that a machine which is slow for other reasons would not.
	paceFloor = 256
	// paceEvery is how often the pace is looked at.
	paceEvery = 100 * time.Millisecond
	// paceStale is how long after the look before it one says nothing of how much can be
	// done, since for some of that time nobody may have asked for anything.
	paceStale = time.Second
)

// pace finds how much can be worked on at a time without anything taking long. More
// at a time makes larger batches, up to where they only make each other wait; where
// that is depends on ledger, database and machine, so it is found by looking: what
// may be open shrinks in proportion when work took longer than the target on average,
// and grows by an eighth while somebody waits and it did not.
type pace struct {
	most   int           // what may be open at a time at best
	target time.Duration // that work may take on average
	timer  func() time.Time

	open    int
	pressed bool // somebody waited since the last look
	since   time.Time
	spent   time.Duration // of what was done since then
	did     int
	within  int // what was done in the time of the target, of late
}

// newPace begins with all that may be open. Without a timer it stays so.
func newPace(most int, target time.Duration, timer func() time.Time) pace {
	return pace{most: most, open: most, target: target, timer: timer}
}

func (p *pace) now() time.Time {
	if p.timer == nil {
		return time.Time{}
	}
	return p.timer()
}

// took counts n pieces of work that began at a time and are done.
func (p *pace) took(n int, at time.Time) {
	now := p.now()
	if now.IsZero() {
		return
	}
	p.spent, p.did = p.spent+time.Duration(n)*now.Sub(at), p.did+n
	if now.Sub(p.since) < paceEvery || p.did == 0 {
		return
	}
	p.look(p.spent / time.Duration(p.did))
	if took := now.Sub(p.since); took < paceStale {
		p.within = int(int64(p.did) * int64(p.target) / int64(took))
	}
	p.since, p.spent, p.did, p.pressed = now, 0, 0, false
}

// look sets what may be open by how long work took on average.
func (p *pace) look(mean time.Duration) {
	switch {
	case mean > p.target:
		p.open = max(p.open/2, int(int64(p.open)*int64(p.target)/int64(mean)))
	case p.pressed:
		p.open += p.open/8 + 1
	}
	p.open = min(max(p.open, paceFloor), p.most)
}
