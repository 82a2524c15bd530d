package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/signing"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Signing takes settlements to signed; [signing.Service] does, and says which
// errors the methods return.
type Signing interface {
	Propose(ctx context.Context, maker desk.Person, id string) (*settlement.Settlement, error)
	Sign(ctx context.Context, checker desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error)
	Acknowledge(ctx context.Context, by desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error)
	Dispute(ctx context.Context, by desk.Person, id, reason string) (*settlement.Settlement, error)
}

// acknowledgeSettlement takes the partner's word.
func (a *API) acknowledgeSettlement(r *request, body SettlementAnswer) (reply, error) {
	if _, err := a.settlement(r); err != nil {
		return reply{}, err
	}
	id := r.c.Param("settlement_id")
	if body.Decision == SettlementAnswerDecisionDispute {
		switch {
		case body.Reason == nil:
			return reply{}, problem.Invalid(problem.At("/reason", "required", "a dispute needs a reason"))
		case body.Digest != nil:
			return reply{}, problem.Invalid(problem.At("/digest", "unexpected", "a dispute has no digest"))
		}
		if wrong := checkReason(*body.Reason); wrong != nil {
			return reply{}, problem.Invalid(wrong...)
		}
		return settlementReply(a.o.Signing.Dispute(r.context(), r.person(), id, *body.Reason))
	}
	switch {
	case body.Digest == nil:
		return reply{}, problem.Invalid(problem.At("/digest", "required", "name the digest that you sign"))
	case body.Reason != nil:
		return reply{}, problem.Invalid(problem.At("/reason", "unexpected", "only a dispute has a reason"))
	}
	digest, err := parseHash(*body.Digest)
	if err != nil {
		return reply{}, err
	}
	return settlementReply(a.o.Signing.Acknowledge(r.context(), r.person(), id, digest))
}

func parseHash(text string) (h ledger.Hash, err error) {
	err = h.UnmarshalText([]byte(text))
	return h, err
}

func (a *API) proposeSettlement(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	return settlementReply(a.o.Signing.Propose(r.context(), r.person(), r.c.Param("settlement_id")))
}

func (a *API) signSettlement(r *request, body SettlementSignature) (reply, error) {
	digest, err := parseHash(body.Digest)
	if err != nil {
		return reply{}, err
	}
	return settlementReply(a.o.Signing.Sign(r.context(), r.person(), r.c.Param("settlement_id"), digest))
}

func settlementReply(s *settlement.Settlement, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(renderSettlement(s)), nil
}

// getPaymentInstruction is for the partner that pays.
func (a *API) getPaymentInstruction(r *request) (reply, error) {
	if _, err := a.settlement(r); err != nil {
		return reply{}, err
	}
	id := r.c.Param("settlement_id")
	file, err := a.o.Payments.Instruction(r.context(), r.person(), id)
	if err != nil {
		return reply{}, err
	}
	return attachment("application/xml", "payment-"+id+".xml", file), nil
}

// attachment is a file that is made for the answer, with its digest.
func attachment(media, name string, file []byte) reply {
	return reply{stream: func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		h.Set("Repr-Digest", reprDigest(file))
		c.Data(http.StatusOK, media, file)
	}}
}

func renderSigning(s *settlement.Settlement) SettlementSigning {
	out := SettlementSigning{Digest: signing.Digest(s).String(), Marks: make([]SettlementMark, 0, len(s.Marks)),
		Breaks: SettlementBreaks{Found: s.Breaks.Found, Open: s.Breaks.Open, Root: s.Breaks.Root.String()}}
	for i := range s.Marks {
		m := &s.Marks[i]
		out.Marks = append(out.Marks, SettlementMark{Step: SettlementMarkStep(m.Step.String()), At: at(m.At), Text: m.Text,
			By: Identity{Msp: m.By.MSP, Subject: m.By.Subject}})
	}
	return out
}

func renderChannels(all []netting.Line) (out []SettlementChannel) {
	for i := range all {
		l := &all[i]
		out = append(out, SettlementChannel{Channel: SettlementChannelChannel(l.Channel.String()), Opening: millionths(l.Opening), Net: millionths(l.Net),
			Payable: fen(l.Payable), Closing: millionths(l.Closing), Held: l.Held})
	}
	return out
}

// fen formats an amount of fen as yuan.
func fen(n int64) string { return millionths(n * ledger.FenMillionths) }
