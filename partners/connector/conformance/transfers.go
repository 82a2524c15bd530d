package conformance

import (
	"math"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

const fixRepeat = "Store each answer under its transfer_id in the same database transaction as the movement, and look there first."

var transferRules = []Rule{
	must("CN-TRANSFER-01", "a debit takes points", "summary: Take points from a member",
		"Take exactly the amount from the member's balance, and answer done with a reference of yours.",
		func(s *suite, t *trial) {
			want(t, "a debit of 10", s.move(t, connector.Debit, s.transfer(10)), connector.Done, "")
		}),
	must("CN-TRANSFER-02", "a credit gives points", "Adds `amount` to the member's balance. Idempotent by `transfer_id`",
		"Add exactly the amount to the member's balance, and answer done with a reference of yours.",
		func(s *suite, t *trial) {
			want(t, "a credit of 10", s.move(t, connector.Credit, s.transfer(10)), connector.Done, "")
		}),
	must("CN-TRANSFER-03", "a repeated debit gets the same answer and moves nothing", "for at least 400 days, and gives **the same answer** to every repeat", fixRepeat,
		func(s *suite, t *trial) { s.repeat(t, connector.Debit) }),
	must("CN-TRANSFER-04", "a repeated credit gets the same answer and moves nothing", "`reversal_id`); the host answers the **first** call", fixRepeat,
		func(s *suite, t *trial) { s.repeat(t, connector.Credit) }),
	must("CN-TRANSFER-05", "a repeat may differ in description and time", "`reason` and `occurred_at` of the first call stand",
		"Compare repeats by kind, membership, programme and amount only.", checkRepeatDiffers),
	must("CN-TRANSFER-06", "the same identifier with other content is a conflict and moves nothing", "The same identifier with **other content** is a problem",
		"Store kind, membership and amount with each transfer_id; when one of them differs answer 409 transfer_conflict.", checkConflicts),
	must("CN-TRANSFER-07", "a debit above the balance is declined", "- `insufficient_points`: the balance is below the amount",
		"Answer 200 with outcome declined and decline_code insufficient_points; it is no problem document.",
		func(s *suite, t *trial) {
			want(t, "a debit of one more than the balance", s.move(t, connector.Debit, s.transfer(s.balance+1)), connector.Declined, connector.DeclineInsufficientPoints)
		}),
	must("CN-TRANSFER-08", "a declined debit stays declined when there are points later", "That holds for declines too: a declined transfer stays declined",
		"Store declines under their transfer_id as you store what was done, and answer a repeat from there.", checkDeclineSticks),
	must("CN-TRANSFER-09", "a movement of a membership that does not exist is declined", "- `membership_closed`, `membership_blocked`, `membership_unknown`",
		"Answer outcome declined with membership_unknown, and remember it.",
		func(s *suite, t *trial) { s.declineBoth(t, s.stranger(), connector.DeclineMembershipUnknown) }),
	must("CN-TRANSFER-10", "a movement of a closed membership is declined", "A business refusal (no such member, not enough points) is **not** a problem",
		"Answer outcome declined with membership_closed.",
		func(s *suite, t *trial) { s.declineBoth(t, s.closed(t), connector.DeclineMembershipClosed) }),
	must("CN-TRANSFER-11", "a movement of a blocked membership is declined", "`blocked` it exists but may not move points now",
		"Answer outcome declined with membership_blocked.",
		func(s *suite, t *trial) { s.declineBoth(t, s.blocked(t), connector.DeclineMembershipBlocked) }),
	must("CN-TRANSFER-12", "a movement of another's programme is a problem and leaves no trace", "description: This host does not run that programme; nothing was done and nothing is remembered.",
		"Check the programme before anything is stored, and answer 422 programme_unknown.",
		func(s *suite, t *trial) {
			tr := s.transfer(1)
			tr.Programme = s.otherProgramme()
			_, err := s.client.Debit(t.Context(), tr)
			wantProblem(t, "a debit of programme "+tr.Programme, err, connector.ProgrammeUnknown)
			s.wantNeverSeen(t, tr.ID)
		}),
	must("CN-TRANSFER-13", "the largest amount is declined, not a problem", "9223372036854775807 (a signed 64-bit integer)",
		"Read amounts as signed 64-bit integers, check sums for overflow, and decline what is too much.",
		func(s *suite, t *trial) {
			for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
				if a := s.move(t, kind, s.transfer(math.MaxInt64)); a.Outcome != connector.Declined {
					t.Errorf("a %s of 9223372036854775807 was answered %s, must be declined", kind, said(a))
				}
			}
		}),
}

func (s *suite) repeat(t *trial, kind connector.Kind) {
	tr := s.transfer(7)
	first := s.move(t, kind, tr)
	want(t, "a "+string(kind)+" of 7", first, connector.Done, "")
	for range 3 {
		wantSame(t, "the "+string(kind), first, s.move(t, kind, tr))
	}
}

func checkRepeatDiffers(s *suite, t *trial) {
	tr := s.transfer(3)
	first := s.move(t, connector.Credit, tr)
	again := tr
	again.Description, again.OccurredAt = "another text", tr.OccurredAt.Add(time.Hour)
	a, err := s.call(t, connector.Credit, again)
	if err != nil {
		t.Fatalf("a credit was repeated with another description and time, and %s", plain(err))
	}
	wantSame(t, "a credit that was repeated with another description and time", first, a)
	want(t, "its reversal", s.reverse(t, connector.Credit, s.reversal(tr.ID, 3)), connector.Done, "")
}

// change is a call that uses an identifier again for something else.
type change struct {
	what string
	kind connector.Kind
	tr   connector.Transfer
}

// changes are what must not be done under the identifier of a transfer.
func (s *suite) changes(kind connector.Kind, tr connector.Transfer) []change {
	other := connector.Credit
	if kind == connector.Credit {
		other = connector.Debit
	}
	amount, member := tr, tr
	amount.Amount--
	member.Membership = s.stranger()
	return []change{{"with another amount", kind, amount}, {"for another membership", kind, member}, {"as a " + string(other), other, tr}}
}

func checkConflicts(s *suite, t *trial) {
	done, declined := s.transfer(5), s.transfer(s.balance+1000)
	want(t, "a credit of 5", s.move(t, connector.Credit, done), connector.Done, "")
	want(t, "a debit above the balance", s.move(t, connector.Debit, declined), connector.Declined, connector.DeclineInsufficientPoints)
	for _, c := range append(s.changes(connector.Credit, done), s.changes(connector.Debit, declined)...) {
		_, err := s.call(t, c.kind, c.tr)
		wantProblem(t, "a transfer_id that was used again "+c.what, err, connector.TransferConflict)
	}
	want(t, "the credit's reversal", s.reverse(t, connector.Credit, s.reversal(done.ID, 5)), connector.Done, "")
}

func checkDeclineSticks(s *suite, t *trial) {
	tr := s.transfer(s.balance + 5)
	first := s.move(t, connector.Debit, tr)
	want(t, "a debit above the balance", first, connector.Declined, connector.DeclineInsufficientPoints)
	credit := s.transfer(100)
	want(t, "a credit of 100", s.move(t, connector.Credit, credit), connector.Done, "")
	wantSame(t, "a debit above the balance, repeated when there were points enough,", first, s.move(t, connector.Debit, tr))
	want(t, "the credit's reversal", s.reverse(t, connector.Credit, s.reversal(credit.ID, 100)), connector.Done, "")
}

func (s *suite) declineBoth(t *trial, membership string, code connector.DeclineCode) {
	for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
		tr := s.transfer(1)
		tr.Membership = membership
		first, err := s.call(t, kind, tr)
		if err != nil {
			t.Fatalf("a %s for such a membership was sent, and %s", kind, plain(err))
		}
		want(t, "a "+string(kind)+" for such a membership", first, connector.Declined, code)
		again, err := s.call(t, kind, tr)
		if err != nil {
			t.Fatalf("the %s was repeated, and %s", kind, plain(err))
		}
		wantSame(t, "the "+string(kind), first, again)
	}
}
