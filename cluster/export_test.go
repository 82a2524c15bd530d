package cluster

// Kill ends a member as a crash would: nothing is finished, nothing given back.
func (m *Member) Kill() {
	m.mu.Lock()
	m.leaving = true
	clear(m.held)
	m.mu.Unlock()
	m.stop()
	_ = m.server.Close()
	m.peers.close()
	m.working.Wait()
}

// Inside is how many orders of a gateway are under way here.
func (m *Member) Inside(s Slot) int {
	m.gate.mu.Lock()
	defer m.gate.mu.Unlock()
	return m.gate.inside[s]
}
