package partnersim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// The administration, under /sim/. Bodies and answers are JSON, amounts strings
// of digits, errors problem documents.

// membersPage is how many members one page of GET /sim/members shows.
const membersPage = 1000

func (h *Host) routeAdministration(mux *http.ServeMux) {
	for pattern, serve := range map[string]func(*http.Request) (any, error){
		"GET /sim/members":                 h.listMembers,
		"POST /sim/members":                h.postMember,
		"GET /sim/members/{member}":        h.getMember,
		"PUT /sim/members/{member}":        h.putMember,
		"POST /sim/members/{member}/spend": h.postSpend,
		"GET /sim/books":                   h.getBooks,
		"GET /sim/forced":                  h.getForced,
		"GET /sim/faults":                  h.getFaults,
		"POST /sim/faults":                 h.postFault,
		"PUT /sim/faults":                  h.putFaults,
		"DELETE /sim/faults":               h.deleteFaults,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h.calls.Add(1)
			defer h.calls.Done()
			h.sent(h.administer(r, serve).write(w))
		})
	}
}

func (h *Host) administer(r *http.Request, serve func(*http.Request) (any, error)) *reply {
	answer, err := serve(r)
	var field *connector.FieldError
	switch {
	case errors.Is(err, errMemberUnknown):
		return problem(connector.NotFound, err.Error())
	case errors.Is(err, errMemberExists), errors.Is(err, errTooFewPoints):
		p := connector.NewProblem(connector.InvalidRequest, err.Error())
		p.Status = http.StatusConflict
		return problemReply(p)
	case errors.Is(err, errInvalid), errors.As(err, &field):
		return problem(connector.InvalidRequest, err.Error())
	case err != nil:
		return h.failed(err)
	}
	return answered(json.Marshal(answer))
}

// errInvalid marks errors of whoever administers.
var errInvalid = errors.New("partnersim: invalid")

func invalid(err error) error {
	if err == nil || errors.Is(err, errMemberExists) || errors.Is(err, errMemberUnknown) || errors.Is(err, errTooFewPoints) {
		return err
	}
	return errors.Join(errInvalid, err)
}

func readJSON(r *http.Request, to any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, connector.BodyBytesMax+1))
	if err != nil || len(body) > connector.BodyBytesMax {
		return invalid(errors.New("the body could not be read, or is too large"))
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return invalid(decoder.Decode(to))
}

type memberJSON struct {
	Membership string                 `json:"membership"`
	Status     connector.MemberStatus `json:"status"`
	Balance    string                 `json:"balance"`
	Opened     string                 `json:"opened,omitempty"`
	Spent      string                 `json:"spent,omitempty"`
}

func shown(m Member) memberJSON {
	return memberJSON{Membership: m.Membership, Status: m.Status, Balance: connector.FormatAmount(m.Balance),
		Opened: connector.FormatAmount(m.Opened), Spent: connector.FormatAmount(m.Spent)}
}

func (h *Host) listMembers(r *http.Request) (any, error) {
	members, err := h.MembersAfter(r.URL.Query().Get("after"), membersPage)
	list := make([]memberJSON, 0, len(members))
	for _, m := range members {
		list = append(list, shown(m))
	}
	return map[string]any{"members": list}, err
}

func (h *Host) postMember(r *http.Request) (any, error) {
	m := memberJSON{Status: connector.MemberActive}
	if err := readJSON(r, &m); err != nil {
		return nil, err
	}
	balance, err := connector.ParseAmount(m.Balance)
	if err == nil {
		err = h.OpenMember(m.Membership, m.Status, balance)
	}
	if err != nil {
		return nil, invalid(err)
	}
	return h.memberShown(m.Membership)
}

func (h *Host) memberShown(membership string) (any, error) {
	m, err := h.Member(membership)
	return shown(m), err
}

func (h *Host) getMember(r *http.Request) (any, error) { return h.memberShown(r.PathValue("member")) }

func (h *Host) putMember(r *http.Request) (any, error) {
	var change struct {
		Status connector.MemberStatus `json:"status"`
	}
	if err := readJSON(r, &change); err != nil {
		return nil, err
	}
	if err := h.SetStatus(r.PathValue("member"), change.Status); err != nil {
		return nil, invalid(err)
	}
	return h.memberShown(r.PathValue("member"))
}

func (h *Host) postSpend(r *http.Request) (any, error) {
	var spend struct {
		Amount string `json:"amount"`
	}
	if err := readJSON(r, &spend); err != nil {
		return nil, err
	}
	amount, err := connector.ParseAmount(spend.Amount)
	if err == nil {
		err = h.Spend(r.PathValue("member"), amount)
	}
	if err != nil {
		return nil, invalid(err)
	}
	return h.memberShown(r.PathValue("member"))
}

func (h *Host) getBooks(*http.Request) (any, error) {
	b, err := h.Books()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"programme": h.o.Programme, "scale": h.o.Scale, "members": b.Members,
		"balances": connector.FormatAmount(b.Balances), "opened": connector.FormatAmount(b.Opened),
		"debits": connector.FormatAmount(b.Debits), "credits": connector.FormatAmount(b.Credits),
		"given_back": connector.FormatAmount(b.GivenBack), "taken_back": connector.FormatAmount(b.TakenBack),
		"spent": connector.FormatAmount(b.Spent), "lawful": b.Law() == nil,
	}, nil
}
