package ledger

import "errors"

// Code says how a command ended. [CodeOK] is success; every other code is a
// refusal that left no trace. Codes are stable.
type Code string

const (
	CodeOK Code = "ok"

	// CodeIDConflict: the ID was used before, for other content.
	CodeIDConflict Code = "id_conflict"
	// CodeIDSliceFull: too many commands carry the same millisecond in their ID.
	CodeIDSliceFull Code = "id_slice_full"
	// CodeInvalid: the command is malformed; the message says where.
	CodeInvalid Code = "invalid"
	// CodeNotPermitted: the caller's company may not give this command.
	CodeNotPermitted Code = "not_permitted"
	// CodeSameIdentity: maker and checker are the same company or person.
	CodeSameIdentity Code = "same_identity"
	// CodeNotInitialised: the first command on a ledger is Initialise.
	CodeNotInitialised Code = "not_initialised"
	// CodeAlreadyInitialised: the ledger has its alliance already.
	CodeAlreadyInitialised Code = "already_initialised"
	// CodeNotAlone: the command must be the only one of its batch.
	CodeNotAlone Code = "not_alone"

	// CodeFenced: the transaction states a lower epoch than the lane's. It is given to
	// all commands of a batch or none; adapters return [ErrFenced] instead.
	CodeFenced Code = "fenced"
	// CodeWrongLane: the command belongs to another lane, because its account does.
	CodeWrongLane Code = "wrong_lane"

	CodePartnerExists    Code = "partner_exists"
	CodePartnerUnknown   Code = "partner_unknown"
	CodePartnerSuspended Code = "partner_suspended"
	CodeProgrammeTaken   Code = "programme_taken"

	CodeAgreementUnknown  Code = "agreement_unknown"
	CodeAgreementVersion  Code = "agreement_version"
	CodeAgreementDecided  Code = "agreement_decided"
	CodeAgreementHash     Code = "agreement_hash"
	CodeAgreementNotYours Code = "agreement_not_yours"
	CodeTooManyOffers     Code = "too_many_offers"
	// CodeAgreementNotInForce: not accepted, outside its dates, or superseded at
	// the instant at which the rate was locked.
	CodeAgreementNotInForce Code = "agreement_not_in_force"
	// CodeLockExpired: the rate lock is older than the agreement allows.
	CodeLockExpired Code = "rate_lock_expired"
	// CodeAmountMismatch: the amounts in the command are not what the agreement gives.
	CodeAmountMismatch Code = "amount_mismatch"

	CodeAmountOutOfRange Code = "amount_out_of_range"
	CodeAmountTooSmall   Code = "amount_too_small"
	CodeOffStep          Code = "amount_off_step"
	CodeBelowMinimum     Code = "amount_below_minimum"
	CodeAboveMaximum     Code = "amount_above_maximum"
	CodeDayCap           Code = "day_cap_exceeded"
	CodeYearCap          Code = "year_cap_exceeded"
	CodeExposureCap      Code = "exposure_cap_exceeded"

	CodeInsufficientPoints Code = "insufficient_points"
	CodeAccountFrozen      Code = "account_frozen"
	CodeTooManyLots        Code = "too_many_lots"
	CodeTooManyHolds       Code = "too_many_holds"
	CodeLotExpired         Code = "lot_expired"
	CodeLotNotExpired      Code = "lot_not_expired"
	CodeNothingToExpire    Code = "nothing_to_expire"

	// CodeHoldNotOpen: never held on this account, or posted or voided already.
	CodeHoldNotOpen Code = "hold_not_open"

	CodeTransferUnknown Code = "transfer_unknown"
	// CodeNotReversible: the transfer is neither a conversion nor a post, or for a
	// take-back not an issue.
	CodeNotReversible Code = "not_reversible"
	// CodeAboveOriginal: the reversals together would exceed the original, or the
	// issue was taken back before.
	CodeAboveOriginal Code = "above_original"

	CodeWindowOrder Code = "window_order"

	// CodeSettlementStep: the step does not follow the one at which the settlement
	// stands.
	CodeSettlementStep Code = "settlement_step"
	// CodeSettlementFigures: the figures are not those of the partner's position,
	// or do not bring in what the settlement before carried.
	CodeSettlementFigures Code = "settlement_figures"
	// CodeSettlementDigest: the signer's digest is not the settlement's.
	CodeSettlementDigest Code = "settlement_digest"

	CodeAdjustmentUnknown Code = "adjustment_unknown"
	CodeAdjustmentDecided Code = "adjustment_decided"
	// CodeAdjustmentMismatch: partner or value are not those that were proposed.
	CodeAdjustmentMismatch Code = "adjustment_mismatch"

	// CodeNothingToCheckpoint: no batch since the last checkpoint.
	CodeNothingToCheckpoint Code = "nothing_to_checkpoint"

	// CodeHistoryUnadopted: the ledger's past was carried over from another home,
	// and not every company has adopted it yet.
	CodeHistoryUnadopted Code = "history_unadopted"
	// CodeHistoryMismatch: the block or hash given is not what comes next in, or is
	// not that of, the history that was carried over.
	CodeHistoryMismatch Code = "history_mismatch"
)

// Errors of the port. Adapters wrap them with what they know.
var (
	// ErrNotFound: no such transfer, account, agreement, partner or window.
	ErrNotFound = errors.New("ledger: not found")
	// ErrOutcomeUnknown: the commands may or may not have been written; ask [Ledger.Find].
	ErrOutcomeUnknown = errors.New("ledger: outcome unknown")
	// ErrBusy: the queue of the lane is full, or whoever is needed is not there;
	// nothing was done, try again later.
	ErrBusy = errors.New("ledger: busy")
	// ErrClosed: the ledger was closed; nothing was done.
	ErrClosed = errors.New("ledger: closed")
	// ErrDamaged: stored bytes are not what was written. The message names the place.
	ErrDamaged = errors.New("ledger: damaged")
	// ErrNoIdentity: the caller's company is one for which this process has no key. It
	// gives its commands by itself; nothing was done.
	ErrNoIdentity = errors.New("ledger: no identity for the caller's company")
	// ErrInUse: another process has the ledger open.
	ErrInUse = errors.New("ledger: in use by another process")
)
