package agreements_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/agreements"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

const text = `# what sky and the utility agreed
partner: sky
direction: in
version: 1
rate: {from_units: 2.5, to_units: 0.000001}
step: 5
min: "5"
max: 1000000000000000
day_cap: 0
year_cap: 1000
price: 0.10
fee_bps: 25
fee_payer: partner
exposure_cap: 1000000000000
lock_seconds: 600
lot_months: 12
from: 2026-01-01T08:00:00.001+08:00
`

var terms = ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 2_500_000, ToUnits: 1},
	Step: 5, Min: 5, Max: ledger.AmountMax, YearCap: 1000, Price: 100_000, FeeBPS: 25, FeePayer: ledger.FeePartner,
	ExposureCap: ledger.ValueMax, LockSeconds: 600, LotMonths: 12, From: 1_767_225_600_001}

func TestDecimalsInAFileAreExactWithAndWithoutQuotes(t *testing.T) {
	got, err := agreements.Parse([]byte(text))
	if err != nil || got != terms {
		t.Errorf("read %+v: %v", got, err)
	}
	json := `{"partner":"sky","direction":"in","version":1,"rate":{"from_units":"2.5","to_units":"0.000001"},"step":"5","min":"5",
		"max":"1000000000000000","day_cap":"0","year_cap":"1000","price":"0.10","fee_bps":25,"fee_payer":"partner",
		"exposure_cap":"1000000000000","lock_seconds":600,"lot_months":12,"from":"2026-01-01T00:00:00.001Z"}`
	if got, err := agreements.Parse([]byte(json)); err != nil || got != terms {
		t.Errorf("read %+v: %v", got, err)
	}
}

func TestWhatIsWrongWithAFileIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a price of seven places": {"price: 0.10", "price: 0.1000001", "price: "},
		"a price as an exponent":  {"price: 0.10", "price: 1e-1", "price: "},
		"a rate of zero":          {"from_units: 2.5", "from_units: 0", "rate.from_units: must be 0.000001 to 1000000"},
		"a field that is missing": {"step: 5\n", "", "step: "},
		"a field that is unknown": {"step: 5", "steps: 5", "steps: "},
		"a field given twice":     {"step: 5", "step: 5\nstep: 10", "step: "},
		"a version in words":      {"version: 1", "version: one", "version: "},
		"a version with a sign":   {"version: 1", "version: +1", "version: "},
		"no value":                {"price: 0.10", "price:", "price: "},
		"lots for direction out":  {"direction: in", "direction: out", "lot_months: must be 0"},
		"a maximum below minimum": {"max: 1000000000000000", "max: 4", "max: must not be below min"},
		"a list":                  {"step: 5", "step: [5]", "line 6: "},
		"an alias":                {"step: 5\nmin: \"5\"", "step: &a 5\nmin: *a", "line 7: "},
		"no YAML":                 {"partner: sky", "\t{", "neither YAML nor JSON"},
		"two documents":           {"price: 0.10", "---\nprice: 0.10", "more than one YAML document"},
		"too long a text":         {"# what", "# " + strings.Repeat("x", 70_000), "65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(text, c.old, c.new, 1)
			if changed == text {
				t.Fatal("the case changes nothing")
			}
			if _, err := agreements.Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := agreements.ReadFile(empty); err == nil || !strings.Contains(err.Error(), "empty.yaml: the file is empty") {
		t.Errorf("got %v", err)
	}
}

func FuzzTermsAreReadOrRefused(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte("[1, {a: *b}]"))
	f.Add([]byte("? {a: b}\n: c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if read, err := agreements.Parse(text); err == nil && read.Validate() != nil {
			t.Errorf("read %+v, which nobody could sign", read)
		}
	})
}

// pair is the utility and sky on one ledger, and a third company.
func pair(t *testing.T) (utility, sky, mart *agreements.Company) {
	l := ledgertest.NewMemory(time.Now)
	as := func(msp string) *agreements.Company {
		return &agreements.Company{Ledger: l, Identity: ledger.Identity{MSP: msp, Subject: "desk"}, Now: time.Now, Random: rand.Reader}
	}
	utility = as("UtilityMSP")
	for i, body := range []ledger.Body{
		&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())},
		&ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"},
		&ledger.RegisterPartner{Partner: "mart", Programme: "MRT", MSP: "MartMSP"},
	} {
		id := ledger.NewID(time.Now(), [10]byte{byte(i)})
		if r, err := l.Submit(t.Context(), utility.Identity, ledger.Command{ID: id, Body: body}); err != nil || r[0].Code != ledger.CodeOK {
			t.Fatal(r, err)
		}
	}
	return utility, as("SkyMSP"), as("MartMSP")
}

func refused(t *testing.T, err error, want ledger.Code) {
	t.Helper()
	var no *agreements.Refusal
	if !errors.As(err, &no) || no.Code != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOnlyTheOtherCompanyOfThePairAccepts(t *testing.T) {
	utility, sky, mart := pair(t)
	a, err := utility.Propose(t.Context(), terms)
	if err != nil || a.Status != ledger.AgreementProposed || a.Terms != terms {
		t.Fatal(a, err)
	}
	_, err = mart.Accept(t.Context(), a.ID, terms.Hash())
	refused(t, err, ledger.CodeAgreementNotYours)
	_, err = mart.Propose(t.Context(), terms)
	refused(t, err, ledger.CodeAgreementNotYours)
	_, err = utility.Accept(t.Context(), a.ID, terms.Hash())
	refused(t, err, ledger.CodeSameIdentity)
	_, err = sky.Accept(t.Context(), a.ID, ledger.Hash{1})
	refused(t, err, ledger.CodeAgreementHash)
	if got, err := sky.Accept(t.Context(), a.ID, terms.Hash()); err != nil || got.Status != ledger.AgreementAccepted || got.DecidedBy.MSP != "SkyMSP" {
		t.Error(got, err)
	}
	_, err = sky.Reject(t.Context(), a.ID, "too late")
	refused(t, err, ledger.CodeAgreementDecided)
	if _, err := sky.Find(t.Context(), ledger.NewID(time.Now(), [10]byte{9})); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("found what was never proposed: %v", err)
	}
}

func TestTheListTellsWhichAgreementIsInForce(t *testing.T) {
	at := func(day int64) int64 { return day * 86_400_000 }
	card := func(n byte, version uint32, from, until, decided int64, status ledger.AgreementStatus) ledger.Agreement {
		changed := terms
		changed.Version, changed.From, changed.Until = version, from, until
		return ledger.Agreement{ID: ledger.ID{n}, Terms: changed, Status: status, DecidedAt: decided}
	}
	all := []ledger.Agreement{
		card(1, 1, at(0), at(10), at(1), ledger.AgreementAccepted),
		card(2, 2, at(0), 0, at(2), ledger.AgreementAccepted),
		card(3, 3, at(5), 0, at(3), ledger.AgreementAccepted),
		card(4, 4, at(50), 0, at(4), ledger.AgreementAccepted),
		card(5, 5, at(0), 0, 0, ledger.AgreementProposed),
		card(6, 5, at(0), 0, at(4), ledger.AgreementRejected),
	}
	for day, want := range map[int64][]string{
		4:  {"superseded", "in force", "to come", "to come", "proposed", "rejected"},
		20: {"ended", "superseded", "in force", "to come", "proposed", "rejected"},
		60: {"ended", "superseded", "superseded", "in force", "proposed", "rejected"},
	} {
		for i := range all {
			if got := agreements.Standing(all, &all[i], at(day)); got != want[i] {
				t.Errorf("day %d: version %d is %q, want %q", day, all[i].Terms.Version, got, want[i])
			}
		}
	}
}

// lost is a ledger that loses its answer.
type lost struct {
	ledger.Ledger
	done bool // before the answer was lost
}

func (l lost) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if l.done {
		if _, err := l.Ledger.Submit(ctx, caller, commands...); err != nil {
			return nil, err
		}
	}
	return nil, ledger.ErrOutcomeUnknown
}

func TestAnAnswerThatIsLostIsLookedUp(t *testing.T) {
	utility, _, _ := pair(t)
	real := utility.Ledger
	utility.Ledger = lost{real, true}
	if a, err := utility.Propose(t.Context(), terms); err != nil || a.Terms != terms {
		t.Error(a, err)
	}
	utility.Ledger = lost{real, false}
	if _, err := utility.Propose(t.Context(), terms); !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
}

// busy is a ledger that is busy a number of times.
type busy struct {
	ledger.Ledger
	times int
}

func (b *busy) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if b.times--; b.times >= 0 {
		return nil, ledger.ErrBusy
	}
	return b.Ledger.Submit(ctx, caller, commands...)
}

func TestABusyLedgerIsAskedAgainForAWhile(t *testing.T) {
	utility, _, _ := pair(t)
	real := utility.Ledger
	utility.Ledger, utility.Patience = &busy{real, 2}, time.Minute
	if a, err := utility.Propose(t.Context(), terms); err != nil || a.Terms != terms {
		t.Error(a, err)
	}
	utility.Ledger, utility.Patience = &busy{real, 1 << 30}, time.Millisecond
	if _, err := utility.Propose(t.Context(), terms); !errors.Is(err, ledger.ErrBusy) || !strings.Contains(err.Error(), "nothing was done") {
		t.Errorf("got %v", err)
	}
}

func TestTermsArePrintedWithTheHashThatWasComputed(t *testing.T) {
	var out, differences strings.Builder
	if err := agreements.WriteTerms(&out, &terms); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2.5 : 0.000001", "0.1 yuan", "day_cap       none", "open-ended", terms.Hash().String()} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	other := terms
	other.Price++
	if err := agreements.WriteDifferences(&differences, &terms, &other); err != nil || strings.Count(differences.String(), "\n") != 2 ||
		!strings.Contains(differences.String(), "0.100001") {
		t.Errorf("%v\n%s", err, differences.String())
	}
}
