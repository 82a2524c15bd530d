package identitysim

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("").Parse(pageHTML))

// policy: the page has a style of its own and no script. Where its form leads to is
// here, and from there to the relying party.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

// choice is a member with the link that chooses it.
type choice struct {
	Member
	Href string
}

type pageBody struct {
	Chinese bool
	Refused string // what is wrong with the request; then there is nobody to choose
	Choices []choice
	Fields  url.Values // of the request, for the form
	Cancel  string
}

func (p *Provider) show(w http.ResponseWriter, r *http.Request, status int, b pageBody) {
	b.Chinese = strings.HasPrefix(r.URL.Query().Get("ui_locales"), "zh") || strings.HasPrefix(r.Header.Get("Accept-Language"), "zh")
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = page.Execute(w, b) // an error is that of the connection
}

// wrong says what is wrong with a request for authorization; what the redirect can't
// be trusted with is shown here.
func (p *Provider) wrong(q url.Values) string {
	switch {
	case q.Get("client_id") != p.o.Client:
		return "client_id: unknown client"
	case !slices.Contains(p.o.Redirects, q.Get("redirect_uri")):
		return "redirect_uri: not registered"
	case q.Get("response_type") != "code":
		return "response_type: only code"
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return "scope: openid is missing"
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		return "code_challenge: S256 is required"
	}
	return ""
}

// authorize shows who can be chosen.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if wrong := p.wrong(q); wrong != "" {
		p.show(w, r, http.StatusBadRequest, pageBody{Refused: wrong})
		return
	}
	b := pageBody{Fields: q, Cancel: back(q, p.o.Issuer, url.Values{"error": {"access_denied"}})}
	for _, m := range p.o.Members {
		if m.Hidden {
			continue
		}
		with := url.Values{}
		for name, values := range q {
			with[name] = values
		}
		with.Set("member", m.Number)
		b.Choices = append(b.Choices, choice{m, "/authorize/choice?" + with.Encode()})
	}
	p.show(w, r, http.StatusOK, b)
}

// choose answers the relying party with a code.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if wrong := p.wrong(q); wrong != "" {
		p.show(w, r, http.StatusBadRequest, pageBody{Refused: wrong})
		return
	}
	code, err := p.keep(grant{member: p.member(q.Get("member")), redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), at: p.o.Now()})
	if err != nil {
		http.Redirect(w, r, back(q, p.o.Issuer, url.Values{"error": {"server_error"}}), http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, back(q, p.o.Issuer, url.Values{"code": {code}}), http.StatusSeeOther)
}

// member is the one with a number, or one that nobody has told us about.
func (p *Provider) member(number string) Member {
	for _, m := range p.o.Members {
		if m.Number == number {
			return m
		}
	}
	return Member{Number: number}
}

// back is where the relying party waits for its answer.
func back(q url.Values, issuer string, with url.Values) string {
	if q.Has("state") {
		with.Set("state", q.Get("state"))
	}
	with.Set("iss", issuer)
	return q.Get("redirect_uri") + "?" + with.Encode()
}

// endSession has nothing to end, and leads back.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("post_logout_redirect_uri")
	if !slices.Contains(p.o.Redirects, to) {
		p.show(w, r, http.StatusBadRequest, pageBody{Refused: "post_logout_redirect_uri: not registered"})
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
