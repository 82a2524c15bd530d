package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Rewards is how members earn; [rewards.Service] is one, and says which errors the
// methods return.
type Rewards interface {
	Take(ctx context.Context, events []rewards.Event) []rewards.Outcome
	Cancel(ctx context.Context, id, reason string) rewards.Outcome
	Record(ctx context.Context, id string) (*rewards.Record, error)
	Receipt(ctx context.Context, id string) (ledger.Receipt, error)
	History(ctx context.Context, member string, before *rewards.Place, limit int) ([]*rewards.Record, error)
	Totals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error)
	Register(ctx context.Context, members []string) ([]members.Member, error)
	MemberOf(ctx context.Context, account ledger.Account) (string, error)
	Way(ctx context.Context, member string) (rewards.Way, error)
	Announcements(ctx context.Context, member string, after int64, limit int) ([]rewards.Announcement, error)
	Rules(ctx context.Context) ([]rewards.Rule, error)
	Rule(ctx context.Context, id string) (*rewards.Rule, error)
	Propose(ctx context.Context, maker string, t rewards.Terms) (*rewards.Rule, error)
	Approve(ctx context.Context, checker, id string) (*rewards.Rule, error)
	Reject(ctx context.Context, by, id, reason string) (*rewards.Rule, error)
	Preview(ctx context.Context, id string, from, to ledger.Date) (*rewards.Preview, error)
}

// rewardEventsBody is a RewardEventsRequest of the document: many events when it
// has a member events, otherwise one.
type rewardEventsBody struct{}

// rewardEventsMax bounds the events of one request.
const rewardEventsMax = 1000

func (a *API) takeRewardEvents(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	body, p := jsonbody.ReadMost(r.c.Writer, r.c.Request, jsonType, batchBytesMax)
	if p != nil {
		return reply{}, p
	}
	if jsonbody.Member(body, "events") != nil {
		return a.takeMany(r, body)
	}
	asked, wrong := a.forms.rewardEvent.Decode(body)
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	event, err := asked.event("")
	if err != nil {
		return reply{}, err
	}
	o := a.o.Rewards.Take(r.context(), []rewards.Event{event})[0]
	answer, err := rewardReply(o, http.StatusCreated)
	answer.location = "/v1/reward_events/" + event.ID
	return answer, err
}

func (a *API) takeMany(r *request, body []byte) (reply, error) {
	items, wrong := a.forms.rewardEvents.Decode(body)
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	if err := r.charge(int64(len(items)) - 1); err != nil { // one was charged before
		return reply{}, err
	}
	events, malformed := make([]rewards.Event, 0, len(items)), make([]error, len(items))
	for i := range items {
		if items[i].Wrong != nil {
			malformed[i] = problem.Invalid(items[i].Wrong...)
			continue
		}
		event, err := items[i].Body.event("/events/" + strconv.Itoa(i))
		if malformed[i] = err; err == nil {
			events = append(events, event)
		}
	}
	outcomes := a.o.Rewards.Take(r.context(), events)
	results := make([]rewardResult, len(items))
	for i, err := range malformed {
		o := rewards.Outcome{Err: err}
		if err == nil {
			o, outcomes = outcomes[0], outcomes[1:]
		}
		results[i] = a.rewardResult(r, i, o)
	}
	return ok(map[string][]rewardResult{"results": results}), nil
}

// rewardResult is a RewardEventResult of the document.
type rewardResult struct {
	Index    int              `json:"index"`
	Status   int              `json:"status"`
	Replayed bool             `json:"replayed,omitempty"`
	Event    any              `json:"event,omitempty"`
	Problem  *problem.Problem `json:"problem,omitempty"`
}

// rewardResult is what the event alone would have been answered.
func (a *API) rewardResult(r *request, index int, o rewards.Outcome) rewardResult {
	answer, err := rewardReply(o, http.StatusCreated)
	if err != nil {
		p := a.problem(r.c, err)
		return rewardResult{Index: index, Status: p.Status, Problem: p}
	}
	return rewardResult{Index: index, Status: answer.status, Replayed: answer.replayed, Event: answer.body}
}

// rewardReply is the answer about an event that has ended, or whose end is not
// known yet.
func rewardReply(o rewards.Outcome, status int) (reply, error) {
	if o.Err != nil && (o.Record == nil || !errors.Is(o.Err, rewards.ErrPending)) {
		return reply{}, o.Err
	}
	if o.Err != nil {
		status = http.StatusAccepted
	}
	return reply{status: status, replayed: o.Replayed, body: renderRewardEvent(o.Record)}, nil
}

// event reads a request that the form has accepted; at is where it stands in the
// body.
func (b *RewardEventRequest) event(at string) (rewards.Event, error) {
	occurred, detail := parseInstant(b.OccurredAt)
	if detail != "" {
		return rewards.Event{}, problem.Invalid(problem.At(at+"/occurred_at", "instant", detail))
	}
	amount := int64(0)
	if b.Amount != "0" {
		var err error
		if amount, err = ledger.ParseAmount(b.Amount); err != nil {
			return rewards.Event{}, problem.Invalid(problem.At(at+"/amount", "amount", err.Error()))
		}
	}
	e := rewards.Event{ID: b.ID, Member: b.Member, Kind: rewards.Kind(b.Kind), Channel: rewards.Channel(b.Channel), OccurredAt: occurred, Amount: amount}
	if b.ContractAccount != nil {
		e.Contract = *b.ContractAccount
	}
	if b.Segment != nil {
		e.Segment = *b.Segment
	}
	return e, nil
}

// eventID returns the event's ID that stands in the path. What cannot be one is
// not there.
func (r *request) eventID() (string, error) {
	if id := r.c.Param("event_id"); rewards.ValidEventID(id) {
		return id, nil
	}
	return "", rewards.ErrNotFound
}

func (a *API) getRewardEvent(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.eventID()
	if err != nil {
		return reply{}, err
	}
	record, err := a.o.Rewards.Record(r.context(), id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderRewardEvent(record)), nil
}

func (a *API) getRewardReceipt(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.eventID()
	if err != nil {
		return reply{}, err
	}
	receipt, err := a.o.Rewards.Receipt(r.context(), id)
	if err != nil {
		return reply{}, err
	}
	return ok(&receipt), nil
}

func (a *API) cancelRewardEvent(r *request, body RewardCancellation) (reply, error) {
	id := r.c.Param("event_id")
	if !rewards.ValidEventID(id) {
		return reply{}, &rewards.Refusal{Code: rewards.CodeInvalid, Field: "id", Detail: "no event can have this ID"}
	}
	return rewardReply(a.o.Rewards.Cancel(r.context(), id, body.Reason), http.StatusOK)
}
