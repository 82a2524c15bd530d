package ledgertest

import (
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// codes returns every code of the contract. A test compares it with the
// constants of package ledger.
func codes() []ledger.Code {
	return []ledger.Code{
		ledger.CodeOK, ledger.CodeIDConflict, ledger.CodeIDSliceFull, ledger.CodeInvalid,
		ledger.CodeNotPermitted, ledger.CodeSameIdentity, ledger.CodeNotInitialised,
		ledger.CodeAlreadyInitialised, ledger.CodeNotAlone,
		ledger.CodeFenced, ledger.CodeWrongLane,
		ledger.CodePartnerExists, ledger.CodePartnerUnknown, ledger.CodePartnerSuspended, ledger.CodeProgrammeTaken,
		ledger.CodeAgreementUnknown, ledger.CodeAgreementVersion, ledger.CodeAgreementDecided,
		ledger.CodeAgreementHash, ledger.CodeAgreementNotYours, ledger.CodeTooManyOffers, ledger.CodeAgreementNotInForce,
		ledger.CodeLockExpired, ledger.CodeAmountMismatch,
		ledger.CodeAmountOutOfRange, ledger.CodeAmountTooSmall, ledger.CodeOffStep, ledger.CodeBelowMinimum,
		ledger.CodeAboveMaximum, ledger.CodeDayCap, ledger.CodeYearCap, ledger.CodeExposureCap,
		ledger.CodeInsufficientPoints, ledger.CodeAccountFrozen, ledger.CodeTooManyLots, ledger.CodeTooManyHolds,
		ledger.CodeLotExpired, ledger.CodeLotNotExpired, ledger.CodeNothingToExpire,
		ledger.CodeHoldNotOpen, ledger.CodeTransferUnknown, ledger.CodeNotReversible, ledger.CodeAboveOriginal,
		ledger.CodeWindowOrder,
		ledger.CodeSettlementStep, ledger.CodeSettlementFigures, ledger.CodeSettlementDigest,
		ledger.CodeAdjustmentUnknown, ledger.CodeAdjustmentDecided, ledger.CodeAdjustmentMismatch, ledger.CodeNothingToCheckpoint,
		ledger.CodeHistoryUnadopted, ledger.CodeHistoryMismatch,
	}
}

// coverage checks that the suite has provoked every code, but those that cannot
// be provoked through the port.
func (s *suite) coverage(t *testing.T) {
	beyond := map[ledger.Code]string{
		ledger.CodeIDSliceFull: "takes 65,536 commands in 16 ms; chaincode tests it on a full page",
		ledger.CodeNotAlone:    "a home gives such commands a batch of their own; chaincode tests it",
		ledger.CodeFenced:      "a home turns it into an error; chaincode tests it",
		ledger.CodeWrongLane:   "a home routes such commands again; chaincode tests it",

		ledger.CodeHistoryUnadopted: "takes a ledger that was carried over; chaincode tests it",
		ledger.CodeHistoryMismatch:  "takes a ledger that was carried over; chaincode tests it",
	}
	if !s.fresh {
		beyond[ledger.CodeNotInitialised] = "the ledger was in use before"
	}
	for _, c := range codes() {
		if reason, ok := beyond[c]; ok {
			t.Logf("%s is left out: %s", c, reason)
		} else if !s.seen[c] {
			t.Errorf("no command ended with %s", c)
		}
	}
}
