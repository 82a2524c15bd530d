package embedded

// cache holds the values that transactions have read, as of the last commit, so
// that a hot key does not go through the store each time. Only the one
// transaction under way uses it. It knows absent keys too.
//
// There are two generations: what is used moves to the young one, and when that
// has half of the allowance, the old one is dropped. So it never holds more than
// its allowance, and what is used stays, without a list to keep in order.
type cache struct {
	young, old map[string]*cached
	bytes, max int // of the young generation
}

// cached is what a key has; a pointer to it lets a write be taken over with one
// look into the map.
type cached struct{ value []byte }

// entryCost is about what a map keeps beside key and value.
const entryCost = 96

func newCache(max int64) *cache {
	return &cache{young: map[string]*cached{}, old: map[string]*cached{}, max: int(max / 2)}
}

// get returns a value, which is nil for a key that has none, and whether the
// cache knows the key.
func (c *cache) get(key string) ([]byte, bool) {
	if e, ok := c.young[key]; ok {
		return e.value, true
	}
	e, ok := c.old[key]
	if !ok {
		return nil, false
	}
	c.put(key, e)
	return e.value, true
}

// add keeps a value that was read. The cache owns it from then on.
func (c *cache) add(key string, value []byte) { c.put(key, &cached{value}) }

func (c *cache) put(key string, e *cached) {
	cost := len(key) + len(e.value) + entryCost
	if c.bytes += cost; c.bytes > c.max {
		c.young, c.old = c.old, c.young
		clear(c.young)
		c.bytes = cost
	}
	c.young[key] = e
}

// update takes over a committed write, when the key is one that was read. It
// copies the value: the contract's values share large buffers.
func (c *cache) update(w write) {
	e, ok := c.young[w.key]
	if !ok {
		delete(c.old, w.key)
		return
	}
	c.bytes += len(w.value) - len(e.value)
	e.value = nil
	if w.value != nil {
		e.value = append(make([]byte, 0, len(w.value)), w.value...)
	}
}
