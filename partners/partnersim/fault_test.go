package partnersim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// For each fault: which class of error the client gives for a debit of 100 of
// 1,000 points, and what the status says afterwards.
func TestEachFaultOfADebitAndWhatIsKnownAfterwards(t *testing.T) {
	slow := func(o *connector.Options) { o.Timeout = 50 * time.Millisecond }
	for _, c := range []struct {
		name    string
		fault   partnersim.Fault
		client  func(*connector.Options)
		class   error             // nil: answered
		answer  connector.Outcome // if answered
		status  connector.Outcome
		balance int64
	}{
		{"decline", partnersim.Fault{Kind: partnersim.FaultDecline, Code: connector.DeclineLimitExceeded}, nil, nil, connector.Declined, connector.Declined, 1000},
		{"hang", partnersim.Fault{Kind: partnersim.FaultHang}, slow, connector.ErrUnknown, "", connector.NeverSeen, 1000},
		{"hang for a while", partnersim.Fault{Kind: partnersim.FaultHang, Delay: time.Millisecond}, nil, connector.ErrUnknown, "", connector.NeverSeen, 1000},
		{"answer late", partnersim.Fault{Kind: partnersim.FaultAnswerLate, Delay: time.Minute}, slow, connector.ErrUnknown, "", connector.Done, 900},
		{"answer a little late", partnersim.Fault{Kind: partnersim.FaultAnswerLate, Delay: time.Millisecond}, nil, nil, connector.Done, connector.Done, 900},
		{"lose the answer", partnersim.Fault{Kind: partnersim.FaultLoseAnswer}, nil, connector.ErrUnknown, "", connector.Done, 900},
		{"answer twice", partnersim.Fault{Kind: partnersim.FaultAnswerTwice}, nil, nil, connector.Done, connector.Done, 900},
		{"down", partnersim.Fault{Kind: partnersim.FaultDown}, nil, connector.ErrUnknown, "", connector.NeverSeen, 1000},
		{"error", partnersim.Fault{Kind: partnersim.FaultError}, nil, connector.ErrUnknown, "", connector.NeverSeen, 1000},
		{"busy", partnersim.Fault{Kind: partnersim.FaultBusy}, nil, connector.ErrBusy, "", connector.NeverSeen, 1000},
		{"garbage", partnersim.Fault{Kind: partnersim.FaultNonsense}, nil, connector.ErrUnknown, "", connector.Done, 900},
		{"a wrong identifier", partnersim.Fault{Kind: partnersim.FaultNonsense, Variant: partnersim.VariantWrongID}, nil, connector.ErrUnknown, "", connector.Done, 900},
		{"a huge answer", partnersim.Fault{Kind: partnersim.FaultNonsense, Variant: partnersim.VariantHuge}, nil, connector.ErrUnknown, "", connector.Done, 900},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := start(t, nil)
			c.fault.Verb, c.fault.Count = connector.VerbDebit, 1
			host.set(t, c.fault)
			client := host.client(t, c.client)
			tr := transfer(t, 100)
			a, err := client.Debit(t.Context(), tr)
			if c.class == nil && (err != nil || a.Outcome != c.answer) || c.class != nil && !errors.Is(err, c.class) {
				t.Fatalf("got %+v, %v; want %s, %v", a, err, c.answer, c.class)
			}
			if connector.Unknown(err) != (c.class == connector.ErrUnknown) {
				t.Fatalf("Unknown says %t for %v", connector.Unknown(err), err)
			}
			if len(host.Faults().List()) != 0 {
				t.Fatalf("the fault is still there: %+v", host.Faults().List())
			}
			s, err := host.client(t, nil).Status(t.Context(), tr.ID)
			if err != nil || s.Outcome != c.status {
				t.Fatalf("status %+v, %v; want %s", s, err, c.status)
			}
			host.wantBalance(t, c.balance)
		})
	}
}

// The same for a client that may ask three times: an unknown outcome becomes an
// answer, and points move once.
func TestARepeatResolvesFaultsThatPass(t *testing.T) {
	for _, kind := range []partnersim.FaultKind{
		partnersim.FaultHang, partnersim.FaultAnswerLate, partnersim.FaultLoseAnswer, partnersim.FaultDown,
		partnersim.FaultError, partnersim.FaultNonsense, partnersim.FaultAnswerTwice,
	} {
		t.Run(string(kind), func(t *testing.T) {
			host := start(t, nil)
			host.set(t, partnersim.Fault{Verb: partnersim.AnyVerb, Kind: kind, Count: 2, Delay: 10 * time.Second})
			client := host.client(t, func(o *connector.Options) { o.Attempts, o.Timeout = 3, 200*time.Millisecond })
			a, err := client.Debit(t.Context(), transfer(t, 100))
			if err != nil || a.Outcome != connector.Done {
				t.Fatalf("got %+v, %v", a, err)
			}
			host.wantBalance(t, 900)
		})
	}
}

// The second answer arrives when the next request is already on the connection.
// The client must not take it for the answer to that.
func TestASecondAnswerIsNotTakenForTheNextOne(t *testing.T) {
	host := start(t, nil)
	host.set(t, partnersim.Fault{Verb: connector.VerbDebit, Kind: partnersim.FaultAnswerTwice, Count: 1, Delay: 5 * time.Second})
	client := host.client(t, func(o *connector.Options) { o.MaxInFlight = 1 })
	if a, err := client.Debit(t.Context(), transfer(t, 100)); err != nil || a.Outcome != connector.Done {
		t.Fatalf("got %+v, %v", a, err)
	}
	next := transfer(t, 5000) // would be declined; the stale answer says done
	a, err := client.Debit(t.Context(), next)
	if err == nil || !connector.Unknown(err) {
		t.Fatalf("got %+v, %v; want an unknown outcome", a, err)
	}
	if a, err = client.Debit(t.Context(), next); err != nil || a.Outcome != connector.Declined {
		t.Fatalf("the repeat got %+v, %v; want declined", a, err)
	}
	host.wantBalance(t, 900)
}

func TestAnUnknownDebitIsCancelledByItsReversal(t *testing.T) {
	for _, c := range []struct {
		kind     partnersim.FaultKind
		reversed int64
		late     connector.Outcome
	}{
		{partnersim.FaultHang, 0, connector.Declined}, // it never arrived, and must not arrive later
		{partnersim.FaultLoseAnswer, 100, connector.Done},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			host := start(t, nil)
			host.set(t, partnersim.Fault{Verb: connector.VerbDebit, Kind: c.kind, Count: 1})
			client := host.client(t, func(o *connector.Options) { o.Timeout = 200 * time.Millisecond })
			tr := transfer(t, 100)
			if _, err := client.Debit(t.Context(), tr); !connector.Unknown(err) {
				t.Fatalf("got %v, want an unknown outcome", err)
			}
			a, err := client.Reverse(t.Context(), reversal(t, tr.ID, 100))
			if err != nil || a.Outcome != connector.Done || a.ReversedAmount != c.reversed {
				t.Fatalf("reversal: got %+v, %v", a, err)
			}
			if late, err := client.Debit(t.Context(), tr); err != nil || late.Outcome != c.late {
				t.Fatalf("late arrival: got %+v, %v", late, err)
			}
			host.wantBalance(t, 1000)
		})
	}
}

func TestACreditThatTheMemberSpentIsNotTakenBack(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	tr := transfer(t, 50)
	if _, err := client.Credit(t.Context(), tr); err != nil {
		t.Fatal(err)
	}
	if err := host.Spend("SKY-000001", 1001); err != nil {
		t.Fatal(err)
	}
	a, err := client.Reverse(t.Context(), reversal(t, tr.ID, 50))
	if err != nil || a.Outcome != connector.Declined || a.DeclineCode != connector.DeclineInsufficientPoints {
		t.Fatalf("got %+v, %v", a, err)
	}
	host.wantBalance(t, 49)
}

func TestADeclineBefallsNewWorkOnly(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	tr := transfer(t, 10)
	if _, err := client.Debit(t.Context(), tr); err != nil {
		t.Fatal(err)
	}
	host.set(t, partnersim.Fault{Verb: connector.VerbDebit, Kind: partnersim.FaultDecline, Count: 1})
	if a, err := client.Debit(t.Context(), tr); err != nil || a.Outcome != connector.Done {
		t.Fatalf("repeat: got %+v, %v", a, err)
	}
	declined := transfer(t, 10)
	for range 2 { // the decline is remembered after the fault is used up
		if a, err := client.Debit(t.Context(), declined); err != nil || a.DeclineCode != connector.DeclineOther {
			t.Fatalf("new: got %+v, %v", a, err)
		}
	}
	host.wantBalance(t, 990)
}

func TestFaultsAreNarrowedToAMemberOrATransfer(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	marked, other := transfer(t, 1), transfer(t, 1)
	other.Membership = "SKY-000002"
	for name, narrow := range map[string]partnersim.Fault{
		"member":   {Membership: marked.Membership},
		"transfer": {TransferID: marked.ID},
	} {
		narrow.Verb, narrow.Kind = partnersim.AnyVerb, partnersim.FaultError
		host.set(t, narrow)
		if _, err := client.Debit(t.Context(), marked); !connector.Unknown(err) {
			t.Errorf("%s: the fault did not befall its call: %v", name, err)
		}
		if _, err := client.Debit(t.Context(), other); err != nil {
			t.Errorf("%s: the fault befell another call: %v", name, err)
		}
	}
	host.Faults().Clear()
	if _, err := client.Debit(t.Context(), marked); err != nil {
		t.Fatal(err)
	}
	host.set(t, partnersim.Fault{Verb: connector.VerbReverse, Kind: partnersim.FaultError, Membership: other.Membership})
	if _, err := client.Reverse(t.Context(), reversal(t, marked.ID, 1)); err != nil {
		t.Errorf("a reversal of another member was befallen: %v", err)
	}
	if _, err := client.Reverse(t.Context(), reversal(t, other.ID, 1)); !connector.Unknown(err) {
		t.Errorf("a reversal of the member was not befallen: %v", err)
	}
}

func TestFaultsOfQuestionsLoseNothing(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, func(o *connector.Options) { o.StatusTimeout = 200 * time.Millisecond })
	tr := transfer(t, 10)
	if _, err := client.Debit(t.Context(), tr); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []partnersim.FaultKind{partnersim.FaultDown, partnersim.FaultError, partnersim.FaultNonsense, partnersim.FaultLoseAnswer, partnersim.FaultHang} {
		// Until cleared: Go's transport itself repeats a GET whose connection was cut.
		host.set(t, partnersim.Fault{Verb: connector.VerbStatus, Kind: kind})
		if _, err := client.Status(t.Context(), tr.ID); !connector.Unknown(err) {
			t.Errorf("%s: got %v, want unknown", kind, err)
		}
		host.Faults().Clear()
		if s, err := client.Status(t.Context(), tr.ID); err != nil || s.Outcome != connector.Done {
			t.Errorf("%s, asked again: got %+v, %v", kind, s, err)
		}
	}
}

func TestAFaultyStatementIsNotTakenForAWholeOne(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	if _, err := client.Debit(t.Context(), transfer(t, 10)); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []partnersim.FaultKind{partnersim.FaultDown, partnersim.FaultError, partnersim.FaultBusy, partnersim.FaultNonsense, partnersim.FaultLoseAnswer} {
		host.set(t, partnersim.Fault{Verb: connector.VerbStatement, Kind: kind})
		if lines, err := statement(t.Context(), client); err == nil {
			t.Errorf("%s: %d lines were read", kind, lines)
		}
		host.Faults().Clear()
		if lines, err := statement(t.Context(), client); err != nil || lines != 1 {
			t.Errorf("%s, asked again: %d lines, %v", kind, lines, err)
		}
	}
}

// statement counts the lines of the statement of the tests' day.
func statement(ctx context.Context, client *connector.Client) (lines int, err error) {
	body, err := client.Statement(ctx, noon)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	r := connector.NewStatementReader(body)
	for {
		if _, err := r.Read(); err != nil {
			if lines == int(r.Totals().Lines) && r.Date() != "" {
				return lines, nil
			}
			return lines, err
		}
		lines++
	}
}

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	host := start(t, nil)
	for _, f := range []partnersim.Fault{
		{Verb: "pay", Kind: partnersim.FaultDown},
		{Verb: connector.VerbDebit, Kind: "explode"},
		{Verb: connector.VerbDebit, Kind: partnersim.FaultDown, Count: -1},
		{Verb: connector.VerbDebit, Kind: partnersim.FaultDecline, Code: "sorry"},
		{Verb: connector.VerbDebit, Kind: partnersim.FaultNonsense, Variant: "poetry"},
		{Verb: connector.VerbDebit, Kind: partnersim.FaultHang, Delay: -1},
	} {
		if err := host.Faults().Set(f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}
