package partnersim_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// model is what a host should be, in a few lines of plain maps.
type model struct {
	balance   map[string]int64
	closed    map[string]bool
	transfers map[connector.ID]*modelled
	reversals map[connector.ID]connector.Answer
}

type modelled struct {
	kind      connector.Kind // empty for a tombstone
	member    string
	amount    int64
	reversed  int64
	decline   connector.DeclineCode
	tombstone bool
}

func (m *model) transfer(kind connector.Kind, t connector.Transfer) connector.Answer {
	e, seen := m.transfers[t.ID]
	if !seen {
		e = &modelled{kind: kind, member: t.Membership, amount: t.Amount}
		e.decline = m.judge(e)
		m.transfers[t.ID] = e
	} else if e.kind == "" {
		e.kind, e.member, e.amount, e.decline = kind, t.Membership, t.Amount, connector.DeclineReversedBeforeExecution
	}
	return answer(e.decline, 0)
}

func (m *model) judge(e *modelled) connector.DeclineCode {
	balance, known := m.balance[e.member]
	switch {
	case !known:
		return connector.DeclineMembershipUnknown
	case m.closed[e.member]:
		return connector.DeclineMembershipClosed
	case e.kind == connector.Credit:
		m.balance[e.member] += e.amount
	case balance < e.amount:
		return connector.DeclineInsufficientPoints
	default:
		m.balance[e.member] -= e.amount
	}
	return ""
}

func (m *model) reverse(r connector.Reversal) connector.Answer {
	if a, seen := m.reversals[r.ID]; seen {
		return a
	}
	e, seen := m.transfers[r.TransferID]
	if !seen {
		e = &modelled{tombstone: true}
		m.transfers[r.TransferID] = e
	}
	code := connector.DeclineCode("")
	switch {
	case e.tombstone || e.decline != "":
	case e.reversed+r.Amount > e.amount:
		code = connector.DeclineAboveOriginal
	case e.kind == connector.Credit && m.balance[e.member] < r.Amount:
		code = connector.DeclineInsufficientPoints
	default:
		e.reversed += r.Amount
		if e.kind == connector.Debit {
			m.balance[e.member] += r.Amount
		} else {
			m.balance[e.member] -= r.Amount
		}
	}
	a := answer(code, e.reversed)
	m.reversals[r.ID] = a
	return a
}

func (m *model) status(id connector.ID) connector.TransferStatus {
	e, seen := m.transfers[id]
	if !seen {
		return connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}}
	}
	s := connector.TransferStatus{Answer: answer(e.decline, e.reversed), Kind: e.kind, Amount: e.amount}
	if e.tombstone {
		s.Outcome = connector.Cancelled
	}
	return s
}

func answer(code connector.DeclineCode, reversed int64) connector.Answer {
	if code != "" {
		return connector.Answer{Outcome: connector.Declined, DeclineCode: code, ReversedAmount: reversed}
	}
	return connector.Answer{Outcome: connector.Done, ReversedAmount: reversed}
}

// bare drops what the model does not say.
func bare(a connector.Answer) connector.Answer {
	a.Reference, a.DeclineDetail = "", ""
	return a
}

// machine runs a host and the model side by side.
type machine struct {
	host   *running
	client *connector.Client // of one attempt
	again  *connector.Client // of three
	model  model
	run    uint16 // makes identifiers and members of each run its own
}

// faults that leave open whether the work was done.
var openFaults = []partnersim.FaultKind{
	partnersim.FaultLoseAnswer, partnersim.FaultDown, partnersim.FaultError, partnersim.FaultNonsense, partnersim.FaultAnswerTwice,
}

func (m *machine) fault(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "calm") > 0 {
		return
	}
	err := m.host.Faults().Set(partnersim.Fault{
		Verb: partnersim.AnyVerb, Kind: rapid.SampledFrom(openFaults).Draw(t, "fault"), Delay: time.Millisecond,
		Count:   rapid.IntRange(1, 4).Draw(t, "count"),
		Variant: rapid.SampledFrom([]string{partnersim.VariantGarbage, partnersim.VariantWrongID}).Draw(t, "variant"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) id(t *rapid.T, space byte, name string) connector.ID {
	return m.nth(space, rapid.ByteRange(1, 6).Draw(t, name))
}

func (m *machine) nth(space, n byte) connector.ID {
	return connector.ID{0: space, 1: byte(m.run >> 8), 2: byte(m.run), 15: n}
}

// member is the n-th of the run's three members.
func (m *machine) member(n int) string { return fmt.Sprintf("RUN%d-%d", m.run, n) }

func (m *machine) calling(t *rapid.T) *connector.Client {
	if rapid.Bool().Draw(t, "patient") {
		return m.again
	}
	return m.client
}

// settle finds out what became of a call whose outcome is unknown, as the gateway
// does: by the status, once the faults are over.
func (m *machine) settle(t *rapid.T) { m.host.Faults().Clear() }

func (m *machine) move(t *rapid.T) {
	tr := connector.Transfer{
		ID: m.id(t, 't', "transfer"), Programme: "SKY", OccurredAt: noon,
		Amount:     rapid.Int64Range(1, 900).Draw(t, "amount"),
		Membership: m.member(rapid.IntRange(1, 4).Draw(t, "member")), // the fourth does not exist
	}
	kind := rapid.SampledFrom([]connector.Kind{connector.Debit, connector.Credit}).Draw(t, "kind")
	if e, seen := m.model.transfers[tr.ID]; seen && e.kind != "" {
		tr.Membership, tr.Amount, kind = e.member, e.amount, e.kind // a repeat, not a conflict
	}
	m.fault(t)
	client := m.calling(t)
	call := client.Debit
	if kind == connector.Credit {
		call = client.Credit
	}
	got, err := call(t.Context(), tr)
	m.settle(t)
	if err == nil {
		m.agree(t, "transfer", bare(got), m.model.transfer(kind, tr))
		return
	}
	if !connector.Unknown(err) {
		t.Fatalf("certain that nothing was done, under a fault that leaves it open: %v", err)
	}
	before := m.model.status(tr.ID)
	if s := m.status(t, tr.ID); s.Outcome != before.Outcome || s.Kind != before.Kind {
		m.model.transfer(kind, tr) // it was done after all
	}
}

func (m *machine) reverse(t *rapid.T) {
	r := connector.Reversal{
		ID: m.id(t, 'r', "reversal"), TransferID: m.id(t, 't', "of"), OccurredAt: noon,
		Amount: rapid.Int64Range(1, 900).Draw(t, "amount"),
	}
	if s, err := m.again.ReversalStatus(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	} else if s.Outcome != connector.NeverSeen {
		r.TransferID, r.Amount = s.TransferID, s.Amount // a repeat, not a conflict
	}
	m.fault(t)
	got, err := m.calling(t).Reverse(t.Context(), r)
	m.settle(t)
	if err == nil {
		m.agree(t, "reversal", bare(got), m.model.reverse(r))
		return
	}
	if !connector.Unknown(err) {
		t.Fatalf("certain that nothing was done, under a fault that leaves it open: %v", err)
	}
	s, err := m.again.ReversalStatus(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if s.Outcome != connector.NeverSeen {
		m.agree(t, "reversal, found out", bare(s.Answer), m.model.reverse(r))
	}
}

func (m *machine) status(t *rapid.T, id connector.ID) connector.TransferStatus {
	s, err := m.again.Status(t.Context(), id) // the first may meet the second answer of an old fault
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (m *machine) close(t *rapid.T) {
	member := m.member(rapid.IntRange(2, 3).Draw(t, "member"))
	closed := rapid.Bool().Draw(t, "closed")
	status := connector.MemberActive
	if closed {
		status = connector.MemberClosed
	}
	if err := m.host.SetStatus(member, status); err != nil {
		t.Fatal(err)
	}
	m.model.closed[member] = closed
}

func (m *machine) spend(t *rapid.T) {
	amount := rapid.Int64Range(1, 500).Draw(t, "amount")
	if err := m.host.Spend(m.member(1), amount); err == nil {
		m.model.balance[m.member(1)] -= amount
	} else if m.model.balance[m.member(1)] >= amount {
		t.Fatal(err)
	}
}

func (m *machine) agree(t *rapid.T, what string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: the host says %v, the model %v", what, got, want)
	}
}

// check compares the balances.
func (m *machine) check(t *rapid.T) {
	for member, want := range m.model.balance {
		if got, err := m.host.Member(member); err != nil || got.Balance != want {
			t.Fatalf("%s has %d points, %v; the model says %d", member, got.Balance, err, want)
		}
	}
}

// end compares the statuses of all transfers, and the books with themselves.
func (m *machine) end(t *rapid.T) {
	for n := byte(1); n <= 6; n++ {
		s := m.status(t, m.nth('t', n))
		s.Answer = bare(s.Answer)
		m.agree(t, "status", s, m.model.status(m.nth('t', n)))
	}
	if err := m.host.Audit(); err != nil {
		t.Fatal(err)
	}
}

func TestBooksAgreeWithAModelUnderRandomCallsAndFaults(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	again := host.client(t, func(o *connector.Options) { o.Attempts = 3 })
	run := uint16(0)
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &machine{host: host, client: client, again: again, run: run, model: model{
			balance: map[string]int64{}, closed: map[string]bool{},
			transfers: map[connector.ID]*modelled{}, reversals: map[connector.ID]connector.Answer{},
		}}
		for n := 1; n <= 3; n++ {
			if err := host.OpenMember(m.member(n), connector.MemberActive, 1000); err != nil {
				t.Fatal(err)
			}
			m.model.balance[m.member(n)] = 1000
		}
		t.Repeat(map[string]func(*rapid.T){
			"move": m.move, "reverse": m.reverse, "close": m.close, "spend": m.spend, "": m.check,
		})
		m.end(t)
	})
}
