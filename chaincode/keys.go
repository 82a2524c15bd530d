package chaincode

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// The layout of the state. Of what one transfer changes, only the member's
// account is a key of its own; the rest is shared by a batch.
//
//	alliance                        hub, utility, open window
//	a/<account>                     a member's lots, open holds, usage
//	b/<partner>[/<lane>]            house accounts of the pair, what is owed
//	c/<lane>/<last batch>           checkpoint
//	d/<partner>                     settlement that is due next, adjustments that are offered
//	g/<agreement>                   agreement with its history
//	gi/<partner>/<direction>        agreements accepted, to find the one in force, and offered
//	h/<house account>[/<lane>]      house account of the utility
//	history                         past carried over from another home, who adopted it
//	i/<lane>/<slice>                which transfer an ID became, a page per 16 ms, while there is one lane
//	j/<adjustment>                  adjustment with its history
//	l/<lane>                        head: next batch, what awaits a checkpoint
//	n/<programme>                   partner that has the programme
//	p/<partner>                     partner, as it was registered
//	r/<agreement>                   residue that is not yet a whole unit
//	s/<partner>                     whether the partner is suspended
//	t/<lane>/<batch>                header and records of a batch
//	v/<transfer>                    how much of a conversion was reversed; an issue that was taken back
//	w/<window>                      window
//	wp/<window>/<partner>[/<lane>]  position
//	ws/<window>/<partner>           settlement
//	x/<transfer>                    where the transfer with an ID stands, from when there are several lanes
//
// What the transfers of all lanes would share, each lane keeps for itself, with its
// number at the end; lane 0 has none there, so that with one lane everything is what
// it was before there were more. Sums are taken over the lanes where they are read.
// Residues of lanes above 0 lie in their books. An ID is a key of its own, because
// it must be found whichever lane it was used in, and lanes that shared pages would
// get into each other's way.
//
// Those under b, g, gi, n, p, r and wp belong to a pair: once they exist, its two
// companies endorse their changes. All but those of agreements and positions exist
// from when the partner is registered. What may be forged before it exists is
// pinned in a key that does: an agreement, from when it is offered, in gi; a
// position, by its window, in b; the books of lanes above 0, by their number, in gi.
//
// Numbers are of fixed width in hexadecimal, so that keys ascend with them.
const (
	keyAlliance     = "alliance"
	keyHistory      = "history"
	prefixAccount   = "a/"
	prefixBooks     = "b/"
	prefixAgreement = "g/"
	prefixHouse     = "h/"
	prefixHead      = "l/"
	prefixPartner   = "p/"
	prefixSeries    = "gi/"

	prefixAdjustment = "j/"
)

func keyAccount(a ledger.Account) string {
	var b [34]byte
	b[0], b[1] = 'a', '/'
	hex.Encode(b[2:], a[:])
	return string(b[:])
}

func keyID(prefix string, id ledger.ID) string { return prefix + hex.EncodeToString(id[:]) }

func keyPartner(code string) string       { return prefixPartner + code }
func keyStanding(code string) string      { return "s/" + code }
func keyBooks(s shard) string             { return s.in(prefixBooks + s.name) }
func keyHouse(s shard) string             { return s.in(prefixHouse + s.name) }
func keyPlace(id ledger.ID) string        { return keyID("x/", id) }
func keyProgramme(code string) string     { return "n/" + code }
func keyAgreement(id ledger.ID) string    { return keyID(prefixAgreement, id) }
func keyResidue(id ledger.ID) string      { return keyID("r/", id) }
func keyReversal(id ledger.ID) string     { return keyID("v/", id) }
func keyWindow(d ledger.Date) string      { return "w/" + d.String() }
func keyHead(lane uint32) string          { return fmt.Sprintf("%s%08x", prefixHead, lane) }
func keyPage(lane uint32, s int64) string { return fmt.Sprintf("i/%08x/%011x", lane, s) }

func keySeries(c card) string { return prefixSeries + c.partner + "/" + c.direction.String() }

func keyPosition(s shard, d ledger.Date) string {
	return s.in("wp/" + d.String() + "/" + s.name)
}

// shard is what a lane keeps under the name of a partner or house account.
type shard struct {
	name string
	lane uint32
}

// in adds the lane to a key.
func (s shard) in(key string) string {
	if s.lane == 0 {
		return key
	}
	return fmt.Sprintf("%s/%08x", key, s.lane)
}

// shardOf reads the part of a key that names a shard.
func shardOf(name string) (s shard, err error) {
	s.name = name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		n, err := strconv.ParseUint(name[i+1:], 16, 32)
		if s.name, s.lane = name[:i], uint32(n); err != nil || n == 0 || s.in(s.name) != name {
			return s, damaged("%q names no lane", name)
		}
	}
	return s, nil
}

func keySettlement(n night) string      { return "ws/" + n.window.String() + "/" + n.partner }
func keyDue(partner string) string      { return "d/" + partner }
func keyAdjustment(id ledger.ID) string { return keyID(prefixAdjustment, id) }

func prefixBatch(lane uint32) string      { return fmt.Sprintf("t/%08x/", lane) }
func prefixCheckpoint(lane uint32) string { return fmt.Sprintf("c/%08x/", lane) }

func keyBatch(lane uint32, number uint64) string {
	return fmt.Sprintf("%s%016x", prefixBatch(lane), number)
}

func keyCheckpoint(lane uint32, last uint64) string {
	return fmt.Sprintf("%s%016x", prefixCheckpoint(lane), last)
}

// card names a series of agreements.
type card struct {
	partner   string
	direction ledger.Direction
}

// night names the settlement of a window with a partner.
type night struct {
	partner string
	window  ledger.Date
}

// shift names what a lane keeps of a pair for a window.
type shift struct {
	shard
	window ledger.Date
}

// slice is the time by which an ID is filed: 16 milliseconds, because commands
// reach the ledger soon after their IDs were made, so that a batch changes few
// pages however many commands it has.
func slice(id ledger.ID) int64 { return id.Milli() >> 4 }
