package backsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backoffice"
)

// Handler serves what package backoffice speaks, and the administration. Verify
// checks the signature of a call; nil believes everybody.
func (s *System) Handler(verify func(r *http.Request, body []byte) error) http.Handler {
	mux := http.NewServeMux()
	h := handler{s, verify}
	mux.HandleFunc("POST /ownership", h.call(h.owns))
	mux.HandleFunc("POST /credits", h.call(h.apply))
	mux.HandleFunc("GET /credits/{order}", h.call(h.creditStatus))
	mux.HandleFunc("POST /credits/{order}/withdrawal", h.call(h.withdraw))
	mux.HandleFunc("POST /charges", h.call(h.authorise))
	mux.HandleFunc("GET /charges/{order}", h.call(h.paymentStatus))
	mux.HandleFunc("POST /charges/{order}/capture", h.call(h.capture))
	mux.HandleFunc("POST /repayments", h.call(h.repay))
	mux.HandleFunc("GET /sim/books", func(w http.ResponseWriter, _ *http.Request) { write(w, s.Books()) })
	mux.HandleFunc("POST /sim/faults", h.fault)
	mux.HandleFunc("DELETE /sim/faults", func(w http.ResponseWriter, _ *http.Request) { s.Mend(); w.WriteHeader(http.StatusNoContent) })
	return mux
}

type handler struct {
	s      *System
	verify func(r *http.Request, body []byte) error
}

// errBadCall is what a body or an identifier is that is not understood.
var errBadCall = errors.New("backsim: the call is not understood")

// call reads and checks a call and writes the answer.
func (h handler) call(do func(r *http.Request, body []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, backoffice.BodyMax))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		if h.verify != nil {
			if err := h.verify(r, body); err != nil {
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
		}
		answer, err := do(r, body)
		switch {
		case errors.Is(err, errLost):
			panic(http.ErrAbortHandler) // the connection ends without an answer
		case errors.Is(err, errBadCall):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case errors.Is(err, errOtherContent):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, "the books cannot be written", http.StatusInternalServerError)
		default:
			write(w, answer)
		}
	}
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // an error is that of the connection
}

func said(a mall.Answer, err error) (any, error) {
	return backoffice.Answer{Outcome: a.Outcome, Reference: a.Reference, Code: a.Code}, err
}

// read reads a body, and then the identifiers in it.
func read(body []byte, into any, ids ...identifier) error {
	if json.Unmarshal(body, into) != nil {
		return errBadCall
	}
	for _, i := range ids {
		id, err := ledger.ParseID(*i.text)
		if err != nil {
			return errBadCall
		}
		*i.id = id
	}
	return nil
}

type identifier struct {
	text *string
	id   *ledger.ID
}

func orderOf(r *http.Request) (ledger.ID, error) {
	id, err := ledger.ParseID(r.PathValue("order"))
	if err != nil {
		return id, errBadCall
	}
	return id, nil
}

func (h handler) owns(r *http.Request, body []byte) (any, error) {
	var o backoffice.Ownership
	if json.Unmarshal(body, &o) != nil {
		return nil, errBadCall
	}
	owns, err := h.s.Owns(r.Context(), o.Member, o.ContractAccount)
	return backoffice.Owned{Owns: owns}, err
}

func (h handler) apply(r *http.Request, body []byte) (any, error) {
	var c backoffice.Credit
	var order ledger.ID
	if err := read(body, &c, identifier{&c.Order, &order}); err != nil {
		return nil, err
	}
	return said(h.s.Apply(r.Context(), mall.Credit{Order: order, ContractAccount: c.ContractAccount, Member: c.Member, Fen: c.Fen}))
}

func (h handler) creditStatus(r *http.Request, _ []byte) (any, error) {
	order, err := orderOf(r)
	if err != nil {
		return nil, err
	}
	return said(h.s.CreditStatus(r.Context(), order))
}

func (h handler) withdraw(r *http.Request, _ []byte) (any, error) {
	order, err := orderOf(r)
	if err != nil {
		return nil, err
	}
	return said(h.s.Withdraw(r.Context(), order))
}

func (h handler) authorise(r *http.Request, body []byte) (any, error) {
	var c backoffice.Charge
	var order ledger.ID
	if err := read(body, &c, identifier{&c.Order, &order}); err != nil {
		return nil, err
	}
	return said(h.s.Authorise(r.Context(), mall.Charge{Order: order, Member: c.Member, Fen: c.Fen}))
}

func (h handler) capture(r *http.Request, body []byte) (any, error) {
	order, err := orderOf(r)
	var c backoffice.Charge
	if err != nil || json.Unmarshal(body, &c) != nil {
		return nil, errBadCall
	}
	return said(h.s.Capture(r.Context(), mall.Charge{Order: order, Member: c.Member, Fen: c.Fen}))
}

func (h handler) paymentStatus(r *http.Request, _ []byte) (any, error) {
	order, err := orderOf(r)
	if err != nil {
		return nil, err
	}
	return said(h.s.PaymentStatus(r.Context(), order))
}

func (h handler) repay(r *http.Request, body []byte) (any, error) {
	var p backoffice.Repayment
	var id, order ledger.ID
	if err := read(body, &p, identifier{&p.ID, &id}, identifier{&p.Order, &order}); err != nil {
		return nil, err
	}
	return said(h.s.Repay(r.Context(), mall.Repayment{ID: id, Order: order, Fen: p.Fen}))
}

func (h handler) fault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&f); err != nil || !h.s.Break(f) {
		http.Error(w, "want verb, kind and count of a fault", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
