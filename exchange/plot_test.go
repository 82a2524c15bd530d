package exchange_test

import (
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// plot is a conversion, or its reversal, and what goes wrong with it.
type plot struct {
	name string
	way  string
	// reverse is how much is reversed; the kills then befall the reversal.
	reverse int64
	// faults are the partners', by code, for the one member.
	faults map[string][]partnersim.Fault
	// frozen has the ledger refuse the conversion: the member's account is frozen
	// before it, or while the partner debits.
	frozenBefore, frozenAfterDebit bool
	// hurry has the deadline pass once the faults have shown.
	hurry bool
	// held has the conversion stand at review until staff release or refuse it.
	held string
	want exchange.Status
}

func faults(partner string, all ...partnersim.Fault) map[string][]partnersim.Fault {
	return map[string][]partnersim.Fault{partner: all}
}

func fault(verb connector.Verb, kind partnersim.FaultKind, count int) partnersim.Fault {
	return partnersim.Fault{Verb: verb, Kind: kind, Count: count}
}

// silent does the work of a verb and says nothing, neither then nor when asked.
func silent(partner string, verb connector.Verb) map[string][]partnersim.Fault {
	return faults(partner, fault(verb, partnersim.FaultLoseAnswer, 0), fault(connector.VerbStatus, partnersim.FaultDown, 0))
}

// deaf does no work and says nothing.
func deaf(partner string, verb connector.Verb) map[string][]partnersim.Fault {
	return faults(partner, fault(verb, partnersim.FaultError, 0))
}

const (
	crossed     = "between two that are called"
	fromPushing = "from one that pushes to one that is called"
	toPushing   = "from one that is called to one that pushes"

	release = "release"
	refusal = "refuse"
)

var plots = []plot{
	{name: "in", way: "in", want: exchange.Completed},
	{name: "in, declined", way: "in", faults: faults("sky", fault("debit", partnersim.FaultDecline, 1)), want: exchange.Failed},
	{name: "in, answer lost", way: "in", faults: faults("sky", fault("debit", partnersim.FaultLoseAnswer, 1)), want: exchange.Completed},
	{name: "in, refused by the ledger", way: "in", frozenAfterDebit: true, want: exchange.Failed},
	{name: "in, refused by the ledger, refund lost", way: "in", frozenAfterDebit: true, faults: faults("sky", fault("reverse", partnersim.FaultLoseAnswer, 1)), want: exchange.Failed},
	{name: "in, debited in silence", way: "in", faults: silent("sky", "debit"), hurry: true, want: exchange.Failed},
	{name: "in, deaf", way: "in", faults: deaf("sky", "debit"), hurry: true, want: exchange.Failed},
	{name: "out", way: "out", want: exchange.Completed},
	{name: "out, declined", way: "out", faults: faults("sky", fault("credit", partnersim.FaultDecline, 1)), want: exchange.Failed},
	{name: "out, answer lost", way: "out", faults: faults("sky", fault("credit", partnersim.FaultLoseAnswer, 1)), want: exchange.Completed},
	{name: "out, refused by the ledger", way: "out", frozenBefore: true, want: exchange.Failed},
	{name: "out, credited in silence", way: "out", faults: silent("sky", "credit"), hurry: true, want: exchange.Failed},
	{name: "out, deaf", way: "out", faults: deaf("sky", "credit"), hurry: true, want: exchange.Failed},
	{name: "cross", way: crossed, want: exchange.Completed},
	{name: "cross, source declines", way: crossed, faults: faults("shop", fault("debit", partnersim.FaultDecline, 1)), want: exchange.Failed},
	{name: "cross, answers lost", way: crossed, faults: map[string][]partnersim.Fault{
		"shop": {fault("debit", partnersim.FaultLoseAnswer, 1)}, "sky": {fault("credit", partnersim.FaultLoseAnswer, 1)}}, want: exchange.Completed},
	{name: "cross, refused by the ledger", way: crossed, frozenAfterDebit: true, want: exchange.Failed},
	{name: "cross, destination declines", way: crossed, faults: faults("sky", fault("credit", partnersim.FaultDecline, 1)), want: exchange.Reversed},
	{name: "cross, credited in silence", way: crossed, faults: silent("sky", "credit"), hurry: true, want: exchange.Reversed},
	{name: "pushed in", way: "in, pushed", want: exchange.Completed},
	{name: "pushed in, refused by the ledger", way: "in, pushed", frozenBefore: true, want: exchange.Failed},
	{name: "pushed out", way: "out, pushed", want: exchange.Completed},
	{name: "pushed out, refused by the ledger", way: "out, pushed", frozenBefore: true, want: exchange.Failed},
	{name: "cross from pushing", way: fromPushing, want: exchange.Completed},
	{name: "cross from pushing, declined", way: fromPushing, faults: faults("sky", fault("credit", partnersim.FaultDecline, 1)), want: exchange.Reversed},
	{name: "cross to pushing", way: toPushing, want: exchange.Completed},
	{name: "cross to pushing, refused by the ledger", way: toPushing, frozenAfterDebit: true, want: exchange.Failed},

	{name: "held in, released", way: "in", held: release, want: exchange.Completed},
	{name: "held in, refused", way: "in", held: refusal, want: exchange.Failed},
	{name: "held out, released", way: "out", held: release, want: exchange.Completed},
	{name: "held cross, released", way: crossed, held: release, want: exchange.Completed},
	{name: "held pushed in, released", way: "in, pushed", held: release, want: exchange.Completed},
	{name: "held pushed in, refused", way: "in, pushed", held: refusal, want: exchange.Failed},

	{name: "reverse in", way: "in", reverse: 1010, want: exchange.Completed},
	{name: "reverse in, answer lost", way: "in", reverse: 1010, faults: faults("sky", fault("reverse", partnersim.FaultLoseAnswer, 1)), want: exchange.Completed},
	{name: "reverse out", way: "out", reverse: 1010, want: exchange.Completed},
	{name: "reverse out, answer lost", way: "out", reverse: 330, faults: faults("sky", fault("reverse", partnersim.FaultLoseAnswer, 1)), want: exchange.Completed},
	{name: "reverse out, declined", way: "out", reverse: 330, faults: faults("sky", fault("reverse", partnersim.FaultDecline, 1)), want: exchange.Failed},
	{name: "reverse cross", way: crossed, reverse: 1010, want: exchange.Completed},
	{name: "reverse cross, answers lost", way: crossed, reverse: 30_010, faults: map[string][]partnersim.Fault{
		"shop": {fault("reverse", partnersim.FaultLoseAnswer, 1)}, "sky": {fault("reverse", partnersim.FaultLoseAnswer, 1)}}, want: exchange.Completed},
	{name: "reverse pushed in", way: "in, pushed", reverse: 1010, want: exchange.Completed},
	{name: "reverse cross from pushing", way: fromPushing, reverse: 1010, want: exchange.Completed},
	{name: "reverse cross to pushing", way: toPushing, reverse: 1010, want: exchange.Completed},
}

// befall sets the faults for one member.
func (p *plot) befall(s *simulation, number string) error {
	for partner, all := range p.faults {
		for _, f := range all {
			f.Membership = membership(partner, number)
			if err := s.hosts[partner].Faults().Add(f); err != nil {
				return err
			}
		}
	}
	return nil
}
