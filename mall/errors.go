package mall

import (
	"errors"
	"fmt"
	"time"
)

// Errors of the store, and of everything that builds on it.
var (
	ErrNotFound = errors.New("mall: not found")
	// ErrChanged: somebody else changed it meanwhile; look again.
	ErrChanged = errors.New("mall: changed by somebody else meanwhile")
	// ErrSoldOut: there is less on stock than was asked for.
	ErrSoldOut = errors.New("mall: sold out")
	// ErrReturnUnderWay: another return of the order is under way, or more was
	// returned meanwhile.
	ErrReturnUnderWay = errors.New("mall: another return of the order is under way")
	// ErrProposed: another proposal for the product waits for a decision.
	ErrProposed = errors.New("mall: another proposal for the product is open")
	// ErrKeyReused: the idempotency key was used for another request.
	ErrKeyReused = errors.New("mall: idempotency key was used for another request")
)

// Refusal says that a request was understood and not granted; nothing moved.
type Refusal struct {
	Code   string // one of the constants of this package, or a ledger.Code
	Detail string // what was wrong and what would be right; no personal data
	// Offers are the current prices, with [CodePriceChanged].
	Offers []Offer
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("mall: %s: %s", r.Code, r.Detail) }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [Refusal] and of a [Failure]. They are stable.
const (
	CodeInvalid          = "invalid" // the ledger's code of the same name
	CodeProductUnknown   = "product_unknown"
	CodeSoldOut          = "sold_out"
	CodePriceChanged     = "price_changed"
	CodeOfferExpired     = "offer_expired"
	CodeNotOnSale        = "not_on_sale"
	CodeTierExcluded     = "tier_excluded"
	CodeQuantity         = "quantity_refused"
	CodeContractNeeded   = "contract_account_needed"
	CodeForeignContract  = "foreign_contract_account"
	CodeAddressNeeded    = "address_needed"
	CodeBillingDown      = "billing_unavailable"
	CodePaymentsDown     = "payments_unavailable"
	CodePaymentDeclined  = "payment_declined"
	CodeBillingDeclined  = "billing_declined"
	CodeExchangeDeclined = "exchange_declined"
	CodeOutcomeUnknown   = "outcome_unknown"
	CodeNotCancellable   = "not_cancellable"
	CodeNotReturnable    = "not_returnable"
	CodeNotWaiting       = "not_waiting"
	CodeCancelled        = "cancelled_by_member"
	CodeTimedOut         = "dispatch_timed_out"
	CodeStockBelowZero   = "stock_below_zero"
	CodeApprovalNeeded   = "approval_needed"
	CodeSamePerson       = "same_person"
	CodeDecided          = "already_decided"
	// CodeMemberErased: the member is being erased, or was.
	CodeMemberErased = "member_erased"
)

// Busy says that there is no room for the request now; nothing was done.
type Busy struct{ RetryAfter time.Duration }

// Error implements error.
func (b *Busy) Error() string { return "mall: too many orders under way" }
