package lane

import "github.com/pointgrid/pointgrid/ledger"

// queue holds the calls that wait, in one stream per caller and group.
type queue struct {
	streams  map[key]*stream
	commands int    // waiting, in all streams
	arrivals uint64 // calls so far
}

type key struct {
	caller ledger.Identity
	group  string
}

// stream is the calls of one caller whose next command is of one group.
type stream struct {
	key         key
	first, last *call
}

// idleStreamsMax is how many empty streams are kept for callers who return.
const idleStreamsMax = 64

func newQueue() queue { return queue{streams: map[key]*stream{}} }

// push adds a call that has just arrived.
func (q *queue) push(c *call, group string) {
	q.arrivals++
	c.order = q.arrivals
	q.commands += len(c.commands)
	s := q.stream(key{c.caller, group})
	c.state, c.stream, c.prev = waiting, s, s.last
	if s.last == nil {
		s.first = c
	} else {
		s.last.next = c
	}
	s.last = c
}

// pushFront brings back a call of which some commands have been executed; the
// others are still counted.
func (q *queue) pushFront(c *call, group string) {
	s := q.stream(key{c.caller, group})
	c.state, c.stream, c.next = waiting, s, s.first
	if s.first == nil {
		s.last = c
	} else {
		s.first.prev = c
	}
	s.first = c
}

func (q *queue) stream(k key) *stream {
	s := q.streams[k]
	if s == nil {
		s = &stream{key: k}
		q.streams[k] = s
	}
	return s
}

// unlink takes a call out of its stream; its commands stay counted.
func (q *queue) unlink(c *call) {
	s := c.stream
	if c.prev == nil {
		s.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		s.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.stream, c.prev, c.next = nil, nil, nil
	if s.first == nil && len(q.streams) > idleStreamsMax {
		delete(q.streams, s.key)
	}
}

// remove drops a call and what is left of its commands.
func (q *queue) remove(c *call) {
	q.unlink(c)
	q.commands -= len(c.rest())
}

// oldest returns the stream whose first call arrived first, or nil.
func (q *queue) oldest() *stream {
	var best *stream
	for _, s := range q.streams {
		if s.first != nil && (best == nil || s.first.order < best.first.order) {
			best = s
		}
	}
	return best
}
