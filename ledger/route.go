package ledger

// LanesMax bounds the lanes of a ledger.
const LanesMax = 64

// LaneOf returns the lane of an account on a ledger with a number of lanes.
func LaneOf(account Account, lanes uint32) uint32 {
	if lanes <= 1 {
		return 0
	}
	// FNV-1a, and the finalizer of MurmurHash3, after which every bit depends on every
	// byte. What lies on a ledger was spread like this, so it never changes.
	h := uint64(14695981039346656037)
	for _, b := range account {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return uint32((h ^ h>>33) % uint64(lanes))
}

// RouteOf returns the lane of a command on a ledger with a number of lanes: that
// of the account that it concerns, or lane 0. A checkpoint and the taking of a lane
// concern no account; they are given to the lane that they are about.
func RouteOf(body Body, lanes uint32) uint32 {
	if a, ok := AccountOf(body); ok {
		return LaneOf(a, lanes)
	}
	return 0
}

// AccountOf returns the account that a command concerns, if it concerns one.
func AccountOf(body Body) (Account, bool) {
	switch c := body.(type) {
	case *ConvertIn:
		return c.Account, true
	case *ConvertOut:
		return c.Account, true
	case *CrossConvert:
		return c.Account, true
	case *Hold:
		return c.Account, true
	case *Post:
		return c.Account, true
	case *Void:
		return c.Account, true
	case *Reverse:
		return c.Account, true
	case *Issue:
		return c.Account, true
	case *TakeBack:
		return c.Account, true
	case *TakeBackPart:
		return c.Account, true
	case *Expire:
		return c.Account, true
	case *Freeze:
		return c.Account, true
	}
	return Account{}, false
}
