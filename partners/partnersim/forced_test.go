package partnersim_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// The first call has the outcome that the amount forces; the status and a repeat
// are answered as they should be, and points move once or not at all.
func TestEachAmountForcesItsOutcome(t *testing.T) {
	for _, o := range partnersim.ForcedOutcomes() {
		for _, kind := range []connector.Kind{connector.Debit, connector.Credit} {
			t.Run(string(kind)+" of "+connector.FormatAmount(o.Ending)+": "+o.Means, func(t *testing.T) {
				t.Parallel()
				host := start(t, func(opts *partnersim.Options) { opts.ForcedAmounts, opts.Balance = true, 100_000 })
				client := host.client(t, func(opts *connector.Options) { opts.Timeout = 100 * time.Millisecond })
				tr := transfer(t, 10_000+o.Ending)
				call := client.Debit
				balance := 100_000 - tr.Amount
				if kind == connector.Credit {
					call, balance = client.Credit, 100_000+tr.Amount
				}
				a, err := call(t.Context(), tr)
				switch {
				case o.Code != "":
					if err != nil || a.DeclineCode != o.Code {
						t.Fatalf("answered %+v, %v", a, err)
					}
					host.wantBalance(t, 100_000)
				case err == nil:
					t.Fatalf("answered %+v", a)
				case o.Silent:
					wantSilence(t, client, tr, err)
					host.wantBalance(t, 100_000)
				default:
					if a, err = call(t.Context(), tr); err != nil || a.Outcome != connector.Done {
						t.Fatalf("the repeat was answered %+v, %v", a, err)
					}
					host.wantBalance(t, balance)
				}
			})
		}
	}
}

// wantSilence fails the test unless nothing is ever said of a transfer, and its
// reversal gives the points back.
func wantSilence(t *testing.T, client *connector.Client, tr connector.Transfer, err error) {
	t.Helper()
	if !connector.Unknown(err) {
		t.Errorf("the call ended with %v", err)
	}
	if s, err := client.Status(t.Context(), tr.ID); err == nil {
		t.Errorf("the status was answered %+v", s)
	}
	a, err := client.Reverse(t.Context(), reversal(t, tr.ID, tr.Amount))
	if err != nil || a.ReversedAmount != tr.Amount {
		t.Errorf("the reversal was answered %+v, %v", a, err)
	}
}

func TestAmountsForceNothingUnlessAsked(t *testing.T) {
	host := start(t, func(o *partnersim.Options) { o.Balance = 100_000 })
	if a, err := host.client(t, nil).Debit(t.Context(), transfer(t, 9110)); err != nil || a.Outcome != connector.Done {
		t.Errorf("answered %+v, %v", a, err)
	}
}

func TestTheDocumentationListsTheForcedOutcomes(t *testing.T) {
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range partnersim.ForcedOutcomes() {
		if row := "| `" + connector.FormatAmount(o.Ending) + "` | " + o.Means + " |"; !strings.Contains(string(text), row) {
			t.Errorf("docs/conformance.md lacks the row\n%s", row)
		}
		if o.MeansZH == "" {
			t.Errorf("%d has no words in Chinese", o.Ending)
		}
	}
}
