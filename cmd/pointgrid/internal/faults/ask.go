//go:build unix

package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// answer is a final one.
type answer struct {
	ID      string `json:"id"`
	outcome string
	code    string
}

// askedAgain is how long a caller waits before it asks again.
const askedAgain = 100 * time.Millisecond

// requestPatience bounds one request; a gateway that stands still does not answer.
const requestPatience = 15 * time.Second

// ask sends a request as often as it takes to have a final answer.
func (l *load) ask(ctx context.Context, company string, r client.Request) (answer, error) {
	for {
		a, err := l.once(ctx, company, r)
		if err == nil {
			return a, nil
		}
		l.note(r, err)
		if err := sleep(ctx, askedAgain); err != nil {
			return answer{}, err
		}
	}
}

// errUnderWay: the answer is 202, or that the request is under way.
var errUnderWay = errors.New("under way")

func (l *load) once(ctx context.Context, company string, r client.Request) (answer, error) {
	c, err := l.client(company)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	var a answer
	resp, err := c.Do(ctx, r, &a)
	var p *client.Problem
	switch {
	case err == nil && resp.Status == http.StatusCreated:
		a.outcome = completed
		return a, nil
	case err == nil:
		return a, fmt.Errorf("%w: %d", errUnderWay, resp.Status)
	case errors.As(err, &p):
		return l.ended(company, p)
	}
	return a, err
}

// ended reads a problem: whether it is the end, or to be asked again.
func (l *load) ended(company string, p *client.Problem) (answer, error) {
	switch p.Status {
	case http.StatusUnauthorized:
		l.forget(company)
	case http.StatusUnprocessableEntity:
		a := answer{ID: cmp.Or(p.ReversalID, p.ConversionID), outcome: failed, code: p.Code}
		if a.ID == "" {
			a.outcome = refused
		}
		return a, nil
	}
	return answer{}, p
}

// note counts an answer that was not final.
func (l *load) note(r client.Request, err error) {
	what := "no answer"
	var p *client.Problem
	var timeout net.Error
	switch {
	case errors.Is(err, errUnderWay):
		what = "under way"
	case errors.As(err, &p):
		what = fmt.Sprintf("%d %s", p.Status, p.Code)
	case errors.As(err, &timeout) && timeout.Timeout():
		what = "no answer in time"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[what]++
	l.latest = err.Error()
	if p != nil && p.Status == http.StatusInternalServerError {
		l.failures = append(l.failures, failure(r, p))
	}
}

// failure is the law that whatever is broken around a gateway, it says what its caller
// can do: 500 says that nobody has thought of this.
func failure(r client.Request, p *client.Problem) error {
	body, err := json.Marshal(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	return fmt.Errorf("it was answered 500: %s %s %s: %w", r.Method, r.Path, body, p)
}

// failed are the answers of 500.
func (l *load) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return first(slices.Clone(l.failures))
}

// client returns a company's, which goes by the gateway's clock.
func (l *load) client(company string) (*client.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.clients[company]; c != nil {
		return c, nil
	}
	key, _, err := l.w.stage.Site.Key(company)
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Options{BaseURL: l.w.stage.URL, ClientID: company, Key: key.Private, KeyID: key.ID, Now: l.w.now})
	if err == nil {
		l.clients[company] = c
	}
	return c, err
}

// forget makes a company's next request get a new token.
func (l *load) forget(company string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.clients, company)
}
