//go:build unix

package faults

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// wish is what a company's members convert.
type wish struct {
	company             string // that asks
	source, destination string
	least, step, steps  int64 // of the amount, in smallest units of the source
	push                bool  // the company has moved its side already
}

// wishes have every way that a conversion can go: both directions, called and
// pushed, and between two partners.
var wishes = []wish{
	{company: "mart", source: "MART", destination: "EPT", least: 1200, step: 120, steps: 100, push: true},
	{company: "sky", source: "SKY", destination: "EPT", least: 300, step: 30, steps: 40},
	{company: "tel", source: "TEL", destination: "EPT", least: 100, step: 5, steps: 40},
	{company: "sky", source: "EPT", destination: "SKY", least: 20, step: 10, steps: 6},
	{company: "tel", source: "EPT", destination: "TEL", least: 20, step: 4, steps: 10},
	{company: "mart", source: "EPT", destination: "MART", least: 20, step: 1, steps: 40},
	{company: "sky", source: "SKY", destination: "MART", least: 300, step: 30, steps: 40},
}

// asked is a conversion that a company wanted, and what became of it.
type asked struct {
	*wish
	key    string
	member int
	amount int64
	// id and outcome are what the gateway answered: completed, failed or refused.
	id      string
	outcome string
	code    string // of a problem
	back    *back  // nil when nothing is taken back
}

// back is a reversal of a conversion that was completed.
type back struct {
	key     string
	amount  int64
	id      string
	outcome string
	code    string
}

// Outcomes of what was asked. The first two are final on the ledger; a refusal has
// left no trace.
const (
	completed = "completed"
	failed    = "failed"
	refused   = "refused"
)

// oneBackIn is of how many conversions one is taken back, in part.
const oneBackIn = 8

func newAsked(r *rand.Rand, key string, members int) *asked {
	w := &wishes[r.IntN(len(wishes))]
	a := &asked{wish: w, key: key, member: 1 + r.IntN(members), amount: w.least + w.step*r.Int64N(w.steps)}
	if r.IntN(oneBackIn) == 0 {
		a.back = &back{key: key + "-back", amount: 1 + r.Int64N(a.amount)}
	}
	return a
}

func (a *asked) request() client.Request {
	body := map[string]string{"source": a.source, "destination": a.destination, "amount": strconv.FormatInt(a.amount, 10),
		"link_id": sandbox.LinkID(sandbox.CompanyOf(a.company), a.member).String()}
	if a.push {
		body["reference"] = a.key
	}
	return client.Request{Method: "POST", Path: "/v1/conversions", Key: a.key, Body: body, Header: prefer()}
}

func (a *asked) reversal() client.Request {
	body := map[string]string{"amount": strconv.FormatInt(a.back.amount, 10), "reason": "taken back"}
	if a.push {
		body["reference"] = a.back.key
	}
	return client.Request{Method: "POST", Path: "/v1/conversions/" + a.id + "/reversals", Key: a.back.key, Body: body, Header: prefer()}
}

func prefer() map[string][]string { return map[string][]string{"Prefer": {"wait=10"}} }

func (a *asked) String() string {
	s := fmt.Sprintf("%s (%s, %d %s to %s, key %s, %s)", a.id, a.company, a.amount, a.source, a.destination, a.key, a.outcome)
	if a.back != nil {
		s += fmt.Sprintf(" less %d (%s, %s)", a.back.amount, a.back.id, a.back.outcome)
	}
	return s
}
