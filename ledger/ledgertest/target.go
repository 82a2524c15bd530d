package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Target is a ledger to test, and what a test needs around it.
type Target struct {
	Ledger ledger.Ledger
	// Utility is the company that initialised the ledger, or that will if it is empty.
	Utility ledger.Identity
	// Partners are identities of two or more other companies.
	Partners []ledger.Identity
	// Lanes, if more than 1, is to how many lanes [RunProperties] and
	// [RunLanes] raise their number.
	Lanes uint32
	// Now is the ledger's clock.
	Now func() time.Time
	// Advance moves the ledger's clock forward, or waits for as long.
	Advance func(time.Duration)
	// Verify checks a receipt against whatever the home attests it with: nil,
	// [ledger.ErrReceiptProvisional] or [ledger.ErrReceiptInvalid].
	Verify func(*ledger.Receipt) error
	// AwaitCheckpoint returns when everything submitted so far is covered by a
	// checkpoint. Nil means that the home takes checkpoints by itself.
	AwaitCheckpoint func(context.Context) error
}

// timeout bounds each subtest on a home that hangs.
const timeout = 2 * time.Minute

// Run tests everything the port promises. Subtests build on nothing but the
// window that the one before left open.
func Run(t *testing.T, target Target) {
	s := newSuite(t, target)
	s.begin(t)
	for _, c := range []struct {
		name string
		run  func(*suite)
	}{
		{"a ledger belongs to one alliance", testAlliance},
		{"an ID stands for one command", testIDs},
		{"a batch is independent commands in order", testBatch},
		{"a malformed command is refused", testInvalid},
		{"only the right company gives a command", testPermission},
		{"partners are registered once", testPartners},
		{"two companies sign an agreement", testAgreements},
		{"the agreement in force counts", testInForce},
		{"points are issued, frozen and expire", testPoints},
		{"an account is bounded", testBounds},
		{"an issue is taken back, and what was spent is owed", testTakeBack},
		{"a take-back has limits", testTakeBackRefusals},
		{"an issue is taken back in parts", testTakeBackParts},
		{"a conversion gives what the agreement says", testAmounts},
		{"rounding leaves a residue", testResidue},
		{"a conversion is refused for what it is", testLegRefusals},
		{"a member's caps are by day and by year", testCaps},
		{"exposure is capped", testExposure},
		{"points leave first-expiring-first", testFEFO},
		{"a cross conversion has two legs", testCross},
		{"a hold is posted or voided once", testHolds},
		{"a void gives the allowance back", testVoidAllowance},
		{"a reversal leaves what a smaller conversion would", testReversalLaw},
		{"a reversal has limits", testReversalRefusals},
		{"what was redeemed is given back in the same lots", testRedemptions},
		{"a window closes in order", testWindows},
		{"a settlement is signed by both sides", testSettlement},
		{"a settlement's figures are the position's", testSettlementFigures},
		{"a disputed settlement is proposed again", testDispute},
		{"an adjustment needs both companies", testAdjustments},
		{"a suspended partner's open business goes on", testSuspension},
		{"a check leaves no trace", testCheck},
		{"a receipt proves a transfer", testReceipts},
		{"a transfer carries a company's evidence", testEvidence},
		{"what is not there is not found", testNotFound},
		{"blocks tell every transfer", testBlocks},
		{"a lane has one owner at a time", testOwners},
	} {
		t.Run(c.name, func(t *testing.T) { s.sub(t, c.run) })
	}
	t.Run("every code was provoked", func(t *testing.T) { s.coverage(t) })
}

// newSuite checks the target and returns a suite over it.
func newSuite(t *testing.T, target Target) *suite {
	t.Helper()
	if len(target.Partners) < 2 || target.Ledger == nil || target.Now == nil || target.Advance == nil || target.Verify == nil {
		t.Fatal("ledgertest: a target needs a ledger, a clock that can be moved, a way to verify receipts and two partners")
	}
	return &suite{Target: target, seen: map[ledger.Code]bool{}, programmes: map[string]bool{}}
}
