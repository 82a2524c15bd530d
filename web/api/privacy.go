package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Privacy tells what is held about members and forgets them; [members.Privacy] does, and
// says which errors the methods return.
type Privacy interface {
	Export(ctx context.Context, account ledger.Account, to io.Writer) error
	Erase(ctx context.Context, account ledger.Account, points int64, by string) (*members.Erasure, error)
	State(ctx context.Context, account ledger.Account) (*members.Erasure, error)
	Left(ctx context.Context, account ledger.Account) (int64, error)
	Known(ctx context.Context, account ledger.Account) error
}

// account returns the account that stands in the path.
func (r *request) account() (a ledger.Account, err error) {
	if a.UnmarshalText([]byte(r.c.Param("account"))) != nil || a.IsZero() {
		return a, members.ErrNotFound
	}
	if r.a.o.Privacy == nil {
		return a, later("unavailable", "members can be neither exported nor erased here", time.Minute)
	}
	return a, nil
}

func (a *API) exportMember(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	account, err := r.account()
	if err != nil {
		return reply{}, err
	}
	if err := a.o.Privacy.Known(r.context(), account); err != nil {
		return reply{}, err
	}
	return reply{stream: func(c *gin.Context) {
		from, to := io.Pipe()
		go func() { to.CloseWithError(a.o.Privacy.Export(c.Request.Context(), account, to)) }()
		h := c.Writer.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Disposition", `attachment; filename="member.json"`)
		h.Set("Cache-Control", "no-store")
		a.stream(c, from, "export", "member")
	}}, nil
}

func (a *API) eraseMember(r *request, body MemberErasureRequest) (reply, error) {
	account, err := r.account()
	if err != nil {
		return reply{}, err
	}
	points, err := parsePoints(body.ForfeitedPoints)
	if err != nil {
		return reply{}, err
	}
	x, err := a.o.Privacy.Erase(r.context(), account, points, r.party.Client)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: renderErasure(x)}, nil
}

// parsePoints reads an amount that may be zero.
func parsePoints(text string) (int64, error) {
	if text == "0" {
		return 0, nil
	}
	n, err := ledger.ParseAmount(text)
	if err != nil {
		return 0, problem.Invalid(problem.At("/forfeited_points", "amount", "must be a string of digits, 0 to 1000000000000000"))
	}
	return n, nil
}

func (a *API) getMemberErasure(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	account, err := r.account()
	if err != nil {
		return reply{}, err
	}
	x, err := a.o.Privacy.State(r.context(), account)
	if err == nil && x.Step != members.StepWithdrawn {
		return ok(renderErasure(x)), nil
	}
	if err := a.o.Privacy.Known(r.context(), account); err != nil {
		return reply{}, err
	}
	left, wrong := a.o.Privacy.Left(r.context(), account)
	if wrong != nil {
		return reply{}, wrong
	}
	out := &MemberErasure{Account: account.String(), State: "none"}
	if err == nil {
		out = renderErasure(x)
	}
	out.PointsLeft = points(left)
	return ok(out), nil
}

func renderErasure(x *members.Erasure) *MemberErasure {
	out := &MemberErasure{Account: x.Account.String(), State: "forfeiting", ForfeitedPoints: points(x.Points), Code: x.Code, Detail: x.Detail,
		RequestedAt: at(x.RequestedAt)}
	switch {
	case x.Step.Ended():
		out.State, out.FinishedAt = MemberErasureState(x.Step), at(x.FinishedAt)
	case x.Step.Final():
		out.State = "forgetting"
	}
	return out
}

// obstacleProblem says why a member cannot be erased now.
func obstacleProblem(o *members.Obstacle) *problem.Problem {
	if o.Code == members.CodeAmount {
		return problem.New(http.StatusUnprocessableEntity, o.Code, o.Detail)
	}
	return problem.New(http.StatusConflict, o.Code, o.Detail)
}
