package portal

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// administrator is the user as the directory knows those who change credentials.
func (p *Portal) administrator(v *visit) partners.Administrator {
	note := partners.Access{Client: "portal:" + v.User.Login, Method: v.r.Method, Route: Area + "/keys"}
	if p.o.Address != nil {
		note.From = p.o.Address(v.r)
	}
	return partners.Administrator{Partner: v.company.Code, Note: note}
}

type keysBody struct {
	Clients []*partners.Client
	Grants  []partners.Scope // what a new client may be given
	Name    string           // as it was typed
	Refusal *refusal
	Now     time.Time
}

// refusal is why a form was not carried out: a stable code and what would be
// right. There are words for the code in the reader's language, or else the
// detail.
type refusal struct{ Code, Detail string }

// LiveKeys is how many keys of a client can be used now.
func (b *keysBody) LiveKeys(c *partners.Client) (n int) {
	for i := range c.Keys {
		if c.Keys[i].State(b.Now) == partners.KeyActive {
			n++
		}
	}
	return n
}

func (p *Portal) grants(v *visit) []partners.Scope {
	all := v.company.Scopes
	if len(all) == 0 {
		all = partners.PartnerScopes()
	}
	return slices.Clone(all)
}

func (p *Portal) listKeys(v *visit) error { return p.keysPage(v, http.StatusOK, keysBody{}) }

func (p *Portal) keysPage(v *visit, status int, b keysBody) error {
	b.Clients, b.Grants, b.Now = p.o.Directory.Clients(v.company.Code), p.grants(v), p.o.Machine()
	return p.showStatus(v, status, "keys", &b)
}

func (p *Portal) createClient(v *visit) error {
	form := v.r.PostForm
	n := partners.NewClient{Name: strings.TrimSpace(form.Get("name"))}
	for _, s := range form["scope"] {
		n.Scopes = append(n.Scopes, partners.Scope(s))
	}
	c, err := p.o.Directory.Create(v.r.Context(), p.administrator(v), n)
	if r, ok := credentialRefusal(err); ok {
		return p.keysPage(v, http.StatusUnprocessableEntity, keysBody{Name: n.Name, Refusal: r})
	}
	if err != nil {
		return err
	}
	return p.done(v, "/keys/"+c.ID, "flash.client_made", "client", c.ID)
}

// done leads to a page of the portal with a message.
func (p *Portal) done(v *visit, path, word string, values ...string) error {
	p.o.Pages.Flash(v.w, word, values...)
	http.Redirect(v.w, v.r, Area+path, http.StatusSeeOther)
	return nil
}

func credentialRefusal(err error) (*refusal, bool) {
	var refused *partners.CredentialError
	if errors.As(err, &refused) {
		return &refusal{refused.Code, refused.Detail}, true
	}
	return nil, false
}

type clientBody struct {
	Client  *partners.Client
	Keys    []keyView
	Text    string // of the key, as it was pasted
	Refusal *refusal
}

// keyView is a key with where it stands now.
type keyView struct {
	partners.Key
	State partners.KeyState
}

// Level is the colour of the state.
func (k keyView) Level() string {
	switch k.State {
	case partners.KeyActive:
		return "ok"
	case partners.KeyPending:
		return "info"
	case partners.KeyExpired:
		return "warn"
	}
	return "mute"
}

// client finds the one in the path among those of the company.
func (p *Portal) client(v *visit) (*partners.Client, error) {
	c, ok := p.o.Directory.Find(p.administrator(v), v.r.PathValue("client"))
	if !ok {
		return nil, exchange.ErrNotFound
	}
	return c, nil
}

func (p *Portal) showClient(v *visit) error { return p.clientPage(v, http.StatusOK, clientBody{}) }

func (p *Portal) clientPage(v *visit, status int, b clientBody) error {
	c, err := p.client(v)
	if err != nil {
		return err
	}
	b.Client = c
	for i := range c.Keys {
		b.Keys = append(b.Keys, keyView{c.Keys[i], c.Keys[i].State(p.o.Machine())})
	}
	slices.Reverse(b.Keys) // the newest first
	return p.showStatus(v, status, "client", &b)
}

// changed answers a form about a client.
func (p *Portal) changed(v *visit, err error, word string, values ...string) error {
	if r, ok := credentialRefusal(err); ok {
		return p.clientPage(v, http.StatusUnprocessableEntity, clientBody{Refusal: r, Text: v.r.PostForm.Get("key_text")})
	}
	if errors.Is(err, partners.ErrNoClient) {
		return exchange.ErrNotFound
	}
	if err != nil {
		return err
	}
	return p.done(v, "/keys/"+v.r.PathValue("client"), word, values...)
}

func (p *Portal) addKey(v *visit) error {
	_, key, err := p.o.Directory.AddKey(v.r.Context(), p.administrator(v), v.r.PathValue("client"), v.r.PostForm.Get("key_text"), time.Time{}, time.Time{})
	if err != nil {
		return p.changed(v, err, "")
	}
	return p.changed(v, nil, "flash.key_added", "key", key.ID)
}

// retireMax is how far ahead the end of a key can be set, in hours.
const retireMax = 30 * 24

func (p *Portal) retireKey(v *visit) error {
	hours, err := strconv.Atoi(v.r.PostForm.Get("hours"))
	if err != nil || hours < 0 || hours > retireMax {
		return exchange.ErrNotFound // no form of ours has it
	}
	var at time.Time
	if hours > 0 {
		at = p.o.Machine().Add(time.Duration(hours) * time.Hour)
	}
	key := v.r.PostForm.Get("key")
	_, err = p.o.Directory.RetireKey(v.r.Context(), p.administrator(v), v.r.PathValue("client"), key, at, false)
	return p.changed(v, err, "flash.key_retired", "key", key)
}

func (p *Portal) switchClient(v *visit) error {
	off := v.r.PostForm.Get("disabled") == "1"
	_, err := p.o.Directory.Change(v.r.Context(), p.administrator(v), v.r.PathValue("client"), partners.ClientChange{Disabled: &off})
	if off {
		return p.changed(v, err, "flash.client_disabled")
	}
	return p.changed(v, err, "flash.client_enabled")
}

type requestsBody struct {
	Rows     []*partners.Access
	Clients  []*partners.Client
	Client   string
	Kind     partners.AccessKind
	Kinds    []partners.AccessKind
	Problems bool
	Filtered bool
	First    string
	Next     string
}

var accessKinds = []partners.AccessKind{partners.AccessRequest, partners.AccessAuthentication, partners.AccessCredential}

// listRequests shows what the company's programs asked for, and how it ended.
func (p *Portal) listRequests(v *visit) error {
	query := v.r.URL.Query()
	b := requestsBody{Client: query.Get("client"), Problems: query.Get("problems") == "1", Kinds: accessKinds, Clients: p.o.Directory.Clients(v.company.Code)}
	if k := partners.AccessKind(query.Get("kind")); slices.Contains(accessKinds, k) {
		b.Kind = k
	}
	f := partners.AccessFilter{Partner: v.company.Code, Client: b.Client, Kind: b.Kind, Problems: b.Problems, Limit: pageRows + 1}
	if before, err := ledger.ParseID(query.Get("before")); err == nil {
		f.Before = before
	}
	found, err := p.o.Accesses.Accesses(v.r.Context(), f)
	if err != nil {
		return err
	}
	b.Filtered = b.Client != "" || b.Kind != "" || b.Problems
	query.Del("before")
	if !f.Before.IsZero() {
		b.First = Area + "/requests?" + query.Encode()
	}
	if len(found) > pageRows {
		found = found[:pageRows]
		query.Set("before", found[pageRows-1].ID.String())
		b.Next = Area + "/requests?" + query.Encode()
	}
	b.Rows = found
	return p.show(v, "requests", &b)
}
