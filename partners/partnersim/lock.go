package partnersim

import "sync"

// stripes are locks for many things: each thing has one of them, and few others
// share it. Who needs several takes a reversal's first, then a transfer's, then
// a member's.
type stripes [1024]sync.Mutex

// lock locks the stripe of a name (FNV-1a) and returns it.
func (s *stripes) lock(name []byte) *sync.Mutex {
	hash := uint32(2166136261)
	for _, c := range name {
		hash = (hash ^ uint32(c)) * 16777619
	}
	m := &s[(hash^hash>>16)%uint32(len(s))]
	m.Lock()
	return m
}
