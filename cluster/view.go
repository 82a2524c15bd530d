package cluster

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lead is the duty of the one gateway that runs what must exist once.
const Lead = "lead"

const lanePrefix = "lane/"

// LaneDuty is the duty of a lane's owner.
func LaneDuty(lane uint32) string { return lanePrefix + strconv.FormatUint(uint64(lane), 10) }

// LaneOf returns the lane whose owner a duty names.
func LaneOf(duty string) (lane uint32, ok bool) {
	text, ok := strings.CutPrefix(duty, lanePrefix)
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), ok && err == nil && LaneDuty(uint32(n)) == duty
}

// View is who is there and who does what, as a gateway saw it last. It is never
// changed.
type View struct {
	At       time.Time // when it began to be read, by the machine's clock
	Gateways []Gateway // by number
	Duties   []Duty    // by name
	Lanes    uint32    // of the ledger
}

// Gateway returns who has a slot now, with this token.
func (v *View) Gateway(s Slot) (Gateway, bool) {
	i := slices.IndexFunc(v.Gateways, func(g Gateway) bool { return g.Slot == s })
	if i < 0 {
		return Gateway{}, false
	}
	return v.Gateways[i], true
}

// row returns who has a slot, whatever the token.
func (v *View) row(number uint8) (Gateway, bool) {
	i := slices.IndexFunc(v.Gateways, func(g Gateway) bool { return g.Number == number })
	if i < 0 {
		return Gateway{}, false
	}
	return v.Gateways[i], true
}

// Duty returns who has a duty, dead or alive; false when nobody has.
func (v *View) Duty(name string) (Duty, bool) {
	i := slices.IndexFunc(v.Duties, func(d Duty) bool { return d.Name == name })
	if i < 0 || !v.Duties[i].Held {
		return Duty{}, false
	}
	return v.Duties[i], true
}

// Holder returns the gateway that has a duty and is alive.
func (v *View) Holder(duty string) (Gateway, Duty, bool) {
	d, ok := v.Duty(duty)
	if !ok {
		return Gateway{}, Duty{}, false
	}
	g, ok := v.Gateway(d.Owner)
	return g, d, ok && g.Alive
}

// Alive are the gateways whose leases have not run out.
func (v *View) Alive() (all []Gateway) {
	for _, g := range v.Gateways {
		if g.Alive {
			all = append(all, g)
		}
	}
	return all
}

// lanesOf are the lanes of which a slot is the owner, ascending.
func (v *View) lanesOf(s Slot) (all []uint32) {
	for lane := range v.Lanes {
		if d, ok := v.Duty(LaneDuty(lane)); ok && d.Owner == s {
			all = append(all, lane)
		}
	}
	return all
}

// fewest is the number of lanes of the gateway that is alive and has the fewest,
// the slot itself not counted; false when it is alone.
func (v *View) fewest(besides Slot) (least int, ok bool) {
	for _, g := range v.Alive() {
		if g.Slot == besides {
			continue
		}
		if n := len(v.lanesOf(g.Slot)); !ok || n < least {
			least, ok = n, true
		}
	}
	return least, ok
}

// Unserved is the number of lanes of which no gateway that is alive is the owner.
func (v *View) Unserved() (n int) {
	for lane := range v.Lanes {
		if _, _, ok := v.Holder(LaneDuty(lane)); !ok {
			n++
		}
	}
	return n
}
