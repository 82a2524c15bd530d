package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// eventGroups are what an endpoint can ask for on the page; the API has finer
// ones.
var eventGroups = []string{webhooks.Everything, "conversion.*", "reversal.*", "agreement.*", "settlement.*", "exposure.*", "webhook_endpoint.*"}

// hookRefusal tells what an engineer can mend from what is our failure.
func hookRefusal(err error) (*refusal, error) {
	var refused *webhooks.Refusal
	switch {
	case errors.As(err, &refused):
		return &refusal{refused.Code, refused.Detail}, nil
	case errors.Is(err, webhooks.ErrForbiddenAddress):
		return &refusal{"webhook_url_forbidden", err.Error()}, nil
	case errors.Is(err, webhooks.ErrChanged):
		return &refusal{"webhook_changed", ""}, nil
	case errors.Is(err, webhooks.ErrNotFound):
		return nil, exchange.ErrNotFound
	}
	return nil, err
}

type hooksBody struct {
	Endpoints []*webhooks.Endpoint
	Groups    []string
	URL       string // as it was typed
	About     string
	Refusal   *refusal
}

func (p *Portal) listHooks(v *visit) error { return p.hooksPage(v, http.StatusOK, hooksBody{}) }

func (p *Portal) hooksPage(v *visit, status int, b hooksBody) (err error) {
	b.Groups = eventGroups
	b.Endpoints, err = p.o.Hooks.Endpoints(v.r.Context(), v.company.Code, ledger.ID{}, webhooks.EndpointsMax)
	if err != nil {
		return err
	}
	return p.showStatus(v, status, "hooks", &b)
}

func (p *Portal) createHook(v *visit) error {
	form := v.r.PostForm
	w := webhooks.Wish{URL: strings.TrimSpace(form.Get("url")), Description: strings.TrimSpace(form.Get("about")), Events: form["event"], Scheme: webhooks.HMAC}
	if form.Get("scheme") == string(webhooks.Ed25519) {
		w.Scheme = webhooks.Ed25519
	}
	e, err := p.o.Hooks.Create(v.r.Context(), v.company.Code, w)
	if err != nil {
		r, err := hookRefusal(err)
		if err != nil {
			return err
		}
		return p.hooksPage(v, http.StatusUnprocessableEntity, hooksBody{URL: w.URL, About: w.Description, Refusal: r})
	}
	return p.done(v, "/webhooks/"+e.ID.String(), "flash.hook_made")
}

type hookBody struct {
	Endpoint *webhooks.Endpoint
	Secrets  []webhooks.Revealed
	Rows     []*webhooks.Message
	States   []webhooks.State
	State    webhooks.State
	First    string
	Next     string
	Newest   int64
	Refusal  *refusal
}

var hookStates = []webhooks.State{webhooks.Pending, webhooks.Delivered, webhooks.Failed}

// hookID reads the path. What is no ID is not there either.
func hookID(v *visit) (ledger.ID, error) {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return id, exchange.ErrNotFound
	}
	return id, nil
}

func (p *Portal) showHook(v *visit) error { return p.hookPage(v, http.StatusOK, nil) }

func (p *Portal) hookPage(v *visit, status int, r *refusal) error {
	id, err := hookID(v)
	if err != nil {
		return err
	}
	b := hookBody{States: hookStates, Refusal: r}
	if b.Endpoint, err = p.o.Hooks.Endpoint(v.r.Context(), v.company.Code, id); err != nil {
		_, err = hookRefusal(err)
		return err
	}
	if b.Secrets, err = p.o.Hooks.Secrets(v.r.Context(), v.company.Code, id); err != nil {
		return err
	}
	if err := p.deliveries(v, id, &b); err != nil {
		return err
	}
	return p.showStatus(v, status, "hook", &b)
}

// deliveries fills in a page of what was sent.
func (p *Portal) deliveries(v *visit, id ledger.ID, b *hookBody) error {
	query := v.r.URL.Query()
	for _, s := range hookStates {
		if query.Get("state") == string(s) {
			b.State = s
		}
	}
	before, err := strconv.ParseInt(query.Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	found, err := p.o.Hooks.Deliveries(v.r.Context(), v.company.Code, webhooks.Filter{Endpoint: id, State: b.State, Before: before, Limit: pageRows + 1})
	if err != nil {
		return err
	}
	base := Area + "/webhooks/" + id.String() + "?"
	at := url.Values{"state": {string(b.State)}}
	if before > 0 {
		b.First = base + at.Encode()
	}
	if len(found) > pageRows {
		found = found[:pageRows]
		at.Set("before", strconv.FormatInt(found[pageRows-1].Sequence, 10))
		b.Next = base + at.Encode()
	}
	if b.Rows = found; len(found) > 0 {
		b.Newest = found[0].Sequence
	}
	return nil
}

// hookForm carries out a form about an endpoint, and leads back to it.
func (p *Portal) hookForm(v *visit, do func(id ledger.ID) (word string, values []string, err error)) error {
	id, err := hookID(v)
	if err != nil {
		return err
	}
	word, values, err := do(id)
	if err != nil {
		r, err := hookRefusal(err)
		if err != nil {
			return err
		}
		return p.hookPage(v, http.StatusUnprocessableEntity, r)
	}
	return p.done(v, "/webhooks/"+id.String(), word, values...)
}

func (p *Portal) testHook(v *visit) error {
	return p.hookForm(v, func(id ledger.ID) (string, []string, error) {
		_, err := p.o.Hooks.Test(v.r.Context(), v.company.Code, id)
		return "flash.hook_tested", nil, err
	})
}

func (p *Portal) switchHook(v *visit) error {
	to, word := webhooks.Enabled, "flash.hook_enabled"
	if v.r.PostForm.Get("status") == string(webhooks.Disabled) {
		to, word = webhooks.Disabled, "flash.hook_disabled"
	}
	return p.hookForm(v, func(id ledger.ID) (string, []string, error) {
		_, err := p.o.Hooks.Update(v.r.Context(), v.company.Code, id, webhooks.Change{Status: &to})
		return word, nil, err
	})
}

// overlap is how long a replaced secret goes on signing when the page rotates.
const overlap = 24 * time.Hour

func (p *Portal) rotateHook(v *visit) error {
	return p.hookForm(v, func(id ledger.ID) (string, []string, error) {
		_, err := p.o.Hooks.Rotate(v.r.Context(), v.company.Code, id, "", overlap)
		return "flash.hook_rotated", nil, err
	})
}

// replayHook sends a range again.
func (p *Portal) replayHook(v *visit) error {
	return p.hookForm(v, func(id ledger.ID) (string, []string, error) {
		first, errFirst := strconv.ParseInt(v.r.PostForm.Get("first"), 10, 64)
		last, errLast := strconv.ParseInt(v.r.PostForm.Get("last"), 10, 64)
		if errFirst != nil || errLast != nil {
			first, last = 0, 0 // which the service refuses, and says what would be right
		}
		n, err := p.o.Hooks.Replay(v.r.Context(), v.company.Code, id, first, last)
		return "flash.hook_replayed", []string{"count", strconv.FormatInt(n, 10)}, err
	})
}

func (p *Portal) deleteHook(v *visit) error {
	id, err := hookID(v)
	if err == nil {
		err = p.o.Hooks.Delete(v.r.Context(), v.company.Code, id)
	}
	if err != nil {
		_, err = hookRefusal(err)
		return err
	}
	return p.done(v, "/webhooks", "flash.hook_deleted")
}

type deliveryBody struct {
	Endpoint *webhooks.Endpoint
	*webhooks.Message
	Body string
}

func (p *Portal) delivery(v *visit) (*deliveryBody, error) {
	id, err := hookID(v)
	if err != nil {
		return nil, err
	}
	sequence, err := strconv.ParseInt(v.r.PathValue("sequence"), 10, 64)
	if err != nil {
		return nil, exchange.ErrNotFound
	}
	var b deliveryBody
	if b.Endpoint, err = p.o.Hooks.Endpoint(v.r.Context(), v.company.Code, id); err == nil {
		b.Message, err = p.o.Hooks.Delivery(v.r.Context(), v.company.Code, id, sequence)
	}
	if err != nil {
		_, err = hookRefusal(err)
		return nil, err
	}
	return &b, nil
}

func (p *Portal) showDelivery(v *visit) error {
	b, err := p.delivery(v)
	if err != nil {
		return err
	}
	sent, err := b.Message.Body()
	if err != nil {
		return err
	}
	b.Body = indented(sent)
	return p.show(v, "delivery", b)
}

// resend sends one message again.
func (p *Portal) resend(v *visit) error {
	b, err := p.delivery(v)
	if err != nil {
		return err
	}
	return p.hookForm(v, func(id ledger.ID) (string, []string, error) {
		_, err := p.o.Hooks.Resend(v.r.Context(), v.company.Code, id, b.Sequence)
		return "flash.hook_resent", []string{"sequence", strconv.FormatInt(b.Sequence, 10)}, err
	})
}
