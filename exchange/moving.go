package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// errand is one debit or credit at a partner.
type errand struct {
	host     connector.Host
	partner  string
	kind     connector.Kind
	transfer connector.Transfer
	// late: others have moved already, so that it is worth trying until the
	// deadline even when nothing reaches the partner.
	late bool
}

func (e *errand) call(ctx context.Context) (connector.Answer, error) {
	if e.kind == connector.Debit {
		return e.host.Debit(ctx, e.transfer)
	}
	return e.host.Credit(ctx, e.transfer)
}

// moved is what became of an errand. With the verdict settled the points have
// moved, or failure says why they certainly have not and never will.
type moved struct {
	verdict   workflow.Verdict
	reference string
	failure   *Failure
}

// Before anything has moved anywhere, what does not reach the partner is tried
// this often, and a partner that asks for more patience than this is not waited
// for: the caller is better off with a clean refusal.
const (
	sendTries    = 3
	sendPauseMax = 2 * time.Second
)

// move runs an errand. Begun says that it may have been run before, so that
// nothing but the partner's word can prove that it was not done. Between two
// questions it holds nothing of the connector's.
func (s *Service) move(ctx context.Context, e errand, p *workflow.Patience, begun bool) moved {
	if !begun {
		if m, known := s.send(ctx, &e, p); known {
			return m
		}
		if v := p.Wait(ctx, 0); v != workflow.Settled {
			return moved{verdict: v}
		}
	}
	for {
		m, known, after := s.inquire(ctx, &e, p)
		if known {
			return m
		}
		if v := p.Wait(ctx, after); v != workflow.Settled {
			return moved{verdict: v}
		}
	}
}

// send runs an errand for the first time. While it certainly has not reached
// the partner it is tried again, briefly or, if others have moved, patiently.
func (s *Service) send(ctx context.Context, e *errand, p *workflow.Patience) (m moved, known bool) {
	for try := 1; ; try++ {
		answer, err := e.call(ctx)
		switch {
		case err == nil:
			return e.answered(answer), true
		case ctx.Err() != nil:
			return moved{verdict: workflow.LaidDown}, true
		case connector.Unknown(err):
			return m, false
		case errors.Is(err, connector.ErrRefused):
			return moved{failure: nothing(e.partner, CodePartnerRefused, err)}, true
		}
		v := workflow.Expired
		if e.late || try < sendTries && connector.RetryAfter(err) <= sendPauseMax {
			v = p.Wait(ctx, asked(err))
		}
		switch v {
		case workflow.Expired:
			return moved{failure: nothing(e.partner, CodePartnerDown, err)}, true
		case workflow.LaidDown:
			return moved{verdict: workflow.LaidDown}, true
		}
	}
}

// inquire asks what became of an errand that may have been done, and runs it
// again when the partner has never seen it: it is the same to the partner.
func (s *Service) inquire(ctx context.Context, e *errand, p *workflow.Patience) (m moved, known bool, after time.Duration) {
	status, err := e.host.Status(ctx, e.transfer.ID)
	if err != nil {
		return m, false, asked(err)
	}
	if status.Outcome != connector.NeverSeen {
		return e.stands(status), true, 0
	}
	if p.Over() {
		return m, false, 0
	}
	answer, err := e.call(ctx)
	if err != nil {
		return m, false, asked(err)
	}
	return e.answered(answer), true, 0
}

// asked is the patience that the partner asked for. An open circuit breaker is
// no such wish: asking it again costs nothing, and once one call has closed it
// nobody should still be waiting.
func asked(err error) time.Duration {
	if errors.Is(err, connector.ErrBusy) {
		return connector.RetryAfter(err)
	}
	return 0
}

func (e *errand) answered(a connector.Answer) moved {
	if a.Outcome == connector.Done {
		return moved{reference: a.Reference}
	}
	return moved{failure: declined(e.partner, a)}
}

func declined(partner string, a connector.Answer) *Failure {
	detail := "partner " + partner + " declined"
	if a.DeclineDetail != "" {
		detail += ": " + a.DeclineDetail
	}
	return &Failure{Code: string(a.DeclineCode), Detail: detail}
}

// stands reads a status. An identifier that stands for something else than our
// errand was never ours to be executed.
func (e *errand) stands(status connector.TransferStatus) moved {
	switch {
	case status.Outcome != connector.Done:
		return e.answered(status.Answer)
	case status.Kind != e.kind || status.Amount != e.transfer.Amount:
		return moved{failure: &Failure{Code: CodePartnerRefused,
			Detail: "partner " + e.partner + " has another transfer under this identifier"}}
	case status.ReversedAmount >= status.Amount:
		return moved{failure: &Failure{Code: string(connector.DeclineReversedBeforeExecution),
			Detail: "partner " + e.partner + " has reversed the transfer"}}
	}
	return moved{reference: status.Reference}
}

// nothing is the failure of a call that certainly did no work.
func nothing(partner, code string, err error) *Failure {
	detail := "partner " + partner + " cannot be reached now; nothing was done, try again later"
	if code == CodePartnerRefused {
		detail = "partner " + partner + " refused our request as malformed: " + string(connector.CodeOf(err))
	}
	return &Failure{Code: code, Detail: detail}
}
