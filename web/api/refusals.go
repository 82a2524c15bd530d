package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/problem"
)

// refuse answers with the problem that an error is, and returns its code.
func (a *API) refuse(c *gin.Context, err error) string {
	var denied *oauth.Denial
	var lacks *scopeMissing
	var ended *endedWithout
	var offset *bulkfile.OffsetError
	switch {
	case errors.As(err, &denied):
		if denied.Code != oauth.CodeAddress {
			c.Writer.Header().Set("WWW-Authenticate", denied.Challenge())
		}
	case errors.As(err, &lacks):
		c.Writer.Header().Set("WWW-Authenticate", oauth.ScopeChallenge(lacks.scope))
	case errors.As(err, &ended):
		ended.reply.setHeaders(c.Writer.Header())
	case errors.As(err, &offset):
		reply{}.at(offset.Right).setHeaders(c.Writer.Header())
	}
	p := a.problem(c, err)
	p.Write(c.Writer)
	return p.Code
}

// problem returns the problem that an error is, and logs what is our failure.
func (a *API) problem(c *gin.Context, err error) *problem.Problem {
	p := problemOf(err)
	if p.Code == codeInternal {
		a.o.Logger.ErrorContext(c.Request.Context(), "request failed", "route", c.FullPath(), "error", err)
	}
	return p
}

// endedWithout is a workflow that ended without success within the wait: the
// resource exists, and says why.
type endedWithout struct {
	problem *problem.Problem
	reply   reply
}

// Error implements error.
func (e *endedWithout) Error() string { return e.problem.Error() }

// Unwrap leads to the problem.
func (e *endedWithout) Unwrap() error { return e.problem }

const codeInternal = "internal_error"

func notFound(detail string) *problem.Problem {
	return problem.New(http.StatusNotFound, "not_found", detail)
}

// problemOf is the one place where errors of the inside become answers.
func problemOf(err error) *problem.Problem {
	var p *problem.Problem
	var refusal *exchange.Refusal
	var busy *exchange.Busy
	var denied *oauth.Denial
	var lacks *scopeMissing
	var hook *webhooks.Refusal
	var offset *bulkfile.OffsetError
	var earning *rewards.Refusal
	var shop *mall.Refusal
	var full *mall.Busy
	var refused *support.Refusal
	var obstacle *members.Obstacle
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &shop):
		return mallProblem(shop)
	case errors.As(err, &obstacle):
		return obstacleProblem(obstacle)
	case errors.As(err, &full):
		return later("busy", "too many orders are under way; nothing was done", max(full.RetryAfter, time.Second))
	case errors.As(err, &hook):
		return webhookProblem(hook)
	case errors.As(err, &earning):
		return rewardProblem(earning)
	case errors.As(err, &offset):
		return problem.New(http.StatusConflict, "upload_offset_mismatch", fmt.Sprintf("%d bytes are here, not %d; go on at Upload-Offset", offset.Right, offset.Given))
	case errors.As(err, &refusal):
		return refusalProblem(refusal)
	case errors.As(err, &refused):
		return supportProblem(refused)
	case errors.As(err, &busy):
		return later("busy", "there is no room for the request now; nothing was done", max(busy.RetryAfter, time.Second))
	case errors.As(err, &denied) && denied.Code == oauth.CodeAddress:
		return problem.New(http.StatusForbidden, denied.Code, denied.Detail)
	case errors.As(err, &denied):
		return problem.New(http.StatusUnauthorized, denied.Code, denied.Detail)
	case errors.As(err, &lacks):
		return problem.New(http.StatusForbidden, "scope_missing", "the token lacks the scope "+lacks.scope)
	}
	if p := credentialProblem(err); p != nil {
		return p
	}
	if p := reconciliationProblem(err); p != nil {
		return p
	}
	if p := settlementProblem(err); p != nil {
		return p
	}
	return sentinelProblem(err)
}

// sentinels are the errors without fields, and what they are to a caller.
var sentinels = []struct {
	err    error
	status int
	code   string
	detail string
}{
	{exchange.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{settlement.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{ledger.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{webhooks.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{statements.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{statements.ErrInUse, 409, "statement_in_use", "another statement of the partner is being received; wait for its end"},
	{settlement.ErrTooManyBreaks, 422, "too_many_breaks", "what came can hardly be the statement of this window; look whether it is another day's or another company's"},
	{desk.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{desk.ErrChanged, 409, "break_changed", "somebody else changed the break meanwhile; look at it again"},
	{webhooks.ErrChanged, 409, "webhook_endpoint_changed", "somebody else changed the endpoint at the same time; look, and try again"},
	{rewards.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{members.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{members.ErrErasing, 409, "member_erased", "the member is being erased, and takes part in nothing any more"},
	{rewards.ErrConflict, 409, "reward_event_conflict", "the event ID was used for an event with other content; each event has an ID of its own"},
	{rewards.ErrChanged, 409, "rule_changed", "somebody else proposed or decided at the same time; look, and try again"},
	{mall.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{mall.ErrChanged, 409, "changed", "somebody else changed it meanwhile; look, and try again"},
	{mall.ErrProposed, 409, "proposal_open", "another proposal for the product waits for a decision"},
	{mall.ErrReturnUnderWay, 409, "return_under_way", "another return of the order is under way; wait for its end"},
	{support.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{support.ErrChanged, 409, "changed", "somebody else changed it meanwhile; look, and try again"},
	{exchange.ErrQuoteUsed, 409, exchange.CodeQuoteUsed, "the quote was used by another conversion; ask for a new one"},
	{exchange.ErrLinked, 409, "already_linked", "the customer or the membership has a link with the partner; end it first"},
	{exchange.ErrReversalUnderWay, 409, "reversal_under_way", "another reversal of the conversion is under way; wait for its end"},
	{bulkfile.ErrNotFound, 404, "not_found", "it is not there, or not yours"},
	{bulkfile.ErrInUse, 409, "upload_in_use", "another request is sending content of the file, or completing it; wait for its end"},
	{bulkfile.ErrNotUploading, 409, "not_uploading", "the file is complete, or has expired; it takes no content any more and cannot be deleted"},
	{bulkfile.ErrNotFinished, 409, "file_not_finished", "the file is not finished; its state says how far it is"},
	{bulkfile.ErrGone, 410, "results_gone", "the results were kept for as long as was promised, and are no longer there"},
	{ledger.ErrOutcomeUnknown, 504, exchange.CodeOutcomeUnknown, "the ledger did not say in time whether it was written; look before you try again"},
	{ErrClockBackward, 422, "clock_backward", "the clock only moves forward"},
}

// unavailable reports whether a store says that it does not answer for the moment.
func unavailable(err error) bool {
	var away interface{ Unavailable() bool }
	return errors.As(err, &away) && away.Unavailable()
}

func sentinelProblem(err error) *problem.Problem {
	switch {
	case errors.Is(err, exchange.ErrKeyReused), errors.Is(err, mall.ErrKeyReused), errors.Is(err, support.ErrKeyReused):
		return idempotency.Reused()
	case errors.Is(err, exchange.ErrStillRunning):
		return idempotency.Running()
	case errors.Is(err, rewards.ErrBusy):
		return later("busy", "too many events wait; nothing was done", time.Second)
	case errors.Is(err, rewards.ErrClosed):
		return later("unavailable", "the gateway is stopping, or a store does not answer", time.Second)
	case errors.Is(err, ledger.ErrBusy):
		return later("busy", "the ledger takes no more just now, or does not answer; nothing was done", time.Second)
	case errors.Is(err, ledger.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), unavailable(err):
		return later("unavailable", "the gateway is stopping, or a store does not answer", time.Second)
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return problem.New(s.status, s.code, s.detail)
		}
	}
	return problem.New(http.StatusInternalServerError, codeInternal, "")
}

// settlementErrors are those of signing and paying, and what they are to a caller.
var settlementErrors = []struct {
	err    error
	status int
	code   string
}{
	{ledger.ErrNoIdentity, 403, "own_key_needed"},
	{settlement.ErrUnresolved, 409, "breaks_unresolved"},
	{settlement.ErrNotReconciled, 409, "not_reconciled"},
	{settlement.ErrSamePerson, 403, string(ledger.CodeSameIdentity)},
	{settlement.ErrDigest, 409, string(ledger.CodeSettlementDigest)},
	{settlement.ErrState, 409, string(ledger.CodeSettlementStep)},
	{settlement.ErrNotPermitted, 403, string(ledger.CodeNotPermitted)},
	{settlement.ErrInvalid, 422, string(ledger.CodeInvalid)},
	{payment.ErrTaken, 409, "payment_taken"},
	{payment.ErrChanged, 409, "payment_changed"},
	{payment.ErrNothing, 409, "nothing_to_pay"},
	{payment.ErrNoParty, 409, "bank_account_missing"},
	{papers.ErrNotNetted, 409, "statement_not_ready"},
	{papers.ErrNotCounted, 409, "windows_not_counted"},
	{papers.ErrInvalid, 400, problem.CodeInvalidRequest},
	{bank.ErrFile, 422, "bank_file_refused"},
	{calendar.ErrNotCovered, 409, "holidays_unknown"},
}

// settlementProblem is nil for what is none of these. The errors name settlements,
// orders and figures of who asks, so that they can be shown.
func settlementProblem(err error) *problem.Problem {
	var above *payment.ExposureError
	if errors.As(err, &above) {
		return problem.New(http.StatusConflict, string(ledger.CodeExposureCap), above.Error())
	}
	for _, s := range settlementErrors {
		if !errors.Is(err, s.err) {
			continue
		}
		if s.err == ledger.ErrNoIdentity {
			return problem.New(s.status, s.code, "the gateway holds no key of your company, which signs with its own: pointgrid settlement sign, or pointgrid agreement accept")
		}
		return problem.New(s.status, s.code, err.Error())
	}
	return nil
}

func later(code, detail string, after time.Duration) *problem.Problem {
	p := problem.New(http.StatusServiceUnavailable, code, detail)
	p.RetryAfter = after
	return p
}

// refusalStatus has the codes whose status is not 422.
var refusalStatus = map[string]int{
	exchange.CodeNotYours:                http.StatusForbidden,
	string(ledger.CodeNotPermitted):      http.StatusForbidden,
	string(ledger.CodeSameIdentity):      http.StatusForbidden,
	string(ledger.CodeAgreementNotYours): http.StatusForbidden,
	exchange.CodeQuoteUsed:               http.StatusConflict,
	bulkfile.CodeTooManyFiles:            http.StatusConflict,
	bulkfile.CodeFileKnown:               http.StatusConflict,
	bulkfile.CodeFileTooLarge:            http.StatusRequestEntityTooLarge,
	exchange.CodeNotCompleted:            http.StatusConflict,
	string(ledger.CodeIDConflict):        http.StatusConflict,
	string(ledger.CodeAgreementDecided):  http.StatusConflict,
	string(ledger.CodeAgreementVersion):  http.StatusConflict,
	string(ledger.CodeTooManyOffers):     http.StatusConflict,
	exchange.CodePartnerDown:             http.StatusServiceUnavailable,
}

// partnerPause is how long a partner whose system does not answer is left alone.
const partnerPause = 5 * time.Second

func refusalProblem(r *exchange.Refusal) *problem.Problem {
	status, special := refusalStatus[r.Code]
	if !special {
		status = http.StatusUnprocessableEntity
	}
	p := problem.New(status, r.Code, r.Detail)
	if status == http.StatusServiceUnavailable {
		p.RetryAfter = partnerPause
	}
	return p
}
