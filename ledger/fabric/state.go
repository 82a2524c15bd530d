package fabric

// PeerState is what is known of a peer.
type PeerState struct {
	Company string // MSP ID
	Name    string // as in the profile
	// Up says that its events are heard; a peer that is not up is not asked.
	Up bool
	// Height is the number of blocks that it was heard to have.
	Height uint64
	// Behind is the number of blocks that it lacks of those that hold what this
	// process wrote.
	Behind uint64
}

// Peers returns the state of the companies' peers, in the order of the profile,
// for those who watch over the network. It asks nobody.
func (l *Ledger) Peers() []PeerState {
	var all []PeerState
	tail := l.tail.Load()
	for _, p := range l.companies.peers() {
		s := PeerState{Company: p.company, Name: p.node.Name}
		s.Up, s.Height = p.follower.state()
		if s.Height < tail {
			s.Behind = tail - s.Height
		}
		all = append(all, s)
	}
	return all
}
