package simulation

import (
	"cmp"
	"container/heap"
	"runtime"
	"sync"
	"testing/synctest"
	"time"
)

// event is something that will happen at an instant of virtual time.
type event struct {
	due  time.Duration // since the beginning
	name string
	n    uint64 // how often there was an event of that name before
	do   func()
}

type events []*event

func (e events) Len() int           { return len(e) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool { return e[i].before(e[j]) }
func (e *events) Push(x any)        { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

func (e *event) before(o *event) bool {
	return cmp.Or(cmp.Compare(e.due, o.due), cmp.Compare(e.name, o.name), cmp.Compare(e.n, o.n)) < 0
}

// schedule is the only place where anything is let go on. Goroutines of the services
// put down what they want to happen and block; once all of them are blocked the
// earliest event happens, alone, and then all that follows from it until everybody is
// blocked again.
type schedule struct {
	seed  uint64
	began time.Time

	mu      sync.Mutex // guards what follows
	queue   events
	counts  map[string]uint64
	arrived chan struct{}
	closed  chan struct{} // at the very end
	ended   bool
	done    int // events that happened
}

func newSchedule(seed uint64) *schedule {
	return &schedule{seed: seed, began: time.Now(), counts: map[string]uint64{}, arrived: make(chan struct{}, 1), closed: make(chan struct{})}
}

// elapsed is the virtual time since the beginning.
func (s *schedule) elapsed() time.Duration { return time.Since(s.began) }

// dice returns those of something that happens.
func (s *schedule) dice(name string) dice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return throw(s.seed, name, s.count("dice "+name))
}

func (s *schedule) count(name string) uint64 {
	n := s.counts[name]
	s.counts[name] = n + 1
	return n
}

// after has something happen after a while.
func (s *schedule) after(d time.Duration, name string, do func()) {
	s.mu.Lock()
	heap.Push(&s.queue, &event{due: s.elapsed() + max(d, 0), name: name, n: s.count(name), do: do})
	s.mu.Unlock()
	s.wake()
}

func (s *schedule) wake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// sleep lets the calling goroutine go on after a while, by itself.
func (s *schedule) sleep(d time.Duration, name string) {
	on := make(chan struct{})
	s.after(d, name, func() { close(on) })
	await(s, on)
}

// await waits for an event; a goroutine that still waits when all is over ends there.
func await[T any](s *schedule, on <-chan T) (v T) {
	select {
	case v = <-on:
	case <-s.closed:
		runtime.Goexit()
	}
	return v
}

// end has [schedule.run] return.
func (s *schedule) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.wake()
}

// eventsMax bounds a run; one that goes on has something that turns in circles.
const eventsMax = 400_000

// run lets events happen until the end. It reports false when there were too many.
func (s *schedule) run() bool {
	for {
		synctest.Wait()
		next, wait := s.next()
		switch {
		case next != nil:
			next.do()
		case wait == 0:
			return s.done < eventsMax
		case wait < 0:
			<-s.arrived
		default:
			s.idle(wait)
		}
	}
}

// next takes the earliest event if it is due, or says how long that takes: below 0 for
// ever, 0 when it is the end.
func (s *schedule) next() (*event, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.done >= eventsMax {
		return nil, 0
	}
	if len(s.queue) == 0 {
		return nil, -1
	}
	if wait := s.queue[0].due - s.elapsed(); wait > 0 {
		return nil, wait
	}
	s.done++
	return heap.Pop(&s.queue).(*event), 0
}

// idle lets time pass, no longer than until something new wants to happen.
func (s *schedule) idle(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.arrived:
	}
}

// close ends all that still waits.
func (s *schedule) close() { close(s.closed) }
