package mall

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/web/identity"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/session"
)

// CallbackPath is where the identity provider's answers come to, and GoodbyePath
// where it leads back to at sign-out. Both are registered there.
const (
	CallbackPath = Area + "/sign-in/callback"
	GoodbyePath  = Area + "/signed-out"
)

// entranceRoutes are the ways in and out.
func (m *Mall) entranceRoutes() []page.Route {
	open := func(path string, h http.HandlerFunc) page.Route {
		return page.Route{Method: http.MethodGet, Path: path, Handler: h}
	}
	routes := []page.Route{
		open(Area+"/sign-in", m.showSignIn),
		open(GoodbyePath, m.showGoodbye),
		{Method: http.MethodPost, Path: Area + "/sign-out", Handler: m.guard(m.signOut)},
	}
	if m.o.Identity != nil {
		routes = append(routes, open(Area+"/sign-in/start", m.begin), open(CallbackPath, m.callback))
	}
	return routes
}

// signInBody is what the sign-in page shows.
type signInBody struct {
	Next   string // where to go then
	Ended  bool   // a form was lost because the session had ended
	Open   bool   // there is a provider
	Failed string // mall.sign_in.failed.X: why it did not work just now; may be empty
}

func (m *Mall) showSignIn(w http.ResponseWriter, r *http.Request) {
	next := m.next(r.URL.Query().Get("next"))
	if _, err := m.o.Sessions.Resume(r.Context(), m.token(r)); err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	m.signInPage(w, r, http.StatusOK, signInBody{Next: next, Ended: r.URL.Query().Has("ended")})
}

func (m *Mall) signInPage(w http.ResponseWriter, r *http.Request, status int, b signInBody) {
	if r.URL.Path != Area+"/sign-in" { // the provider's answer is not to be asked for again
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawQuery = Area+"/sign-in", url.Values{"next": {b.Next}}.Encode()
	}
	f := m.alone(r)
	b.Open = m.o.Identity != nil
	f.Body = b
	m.o.Pages.Render(w, r, status, "mall/sign_in", f)
}

// next is a page of the member's: the one that was asked for, or the first.
func (m *Mall) next(to string) string {
	to = page.LocalPath(to, Area)
	path, _, _ := strings.Cut(to, "?")
	if path != Area && !strings.HasPrefix(path, Area+"/") || strings.HasPrefix(path, Area+"/sign") || strings.Contains(path, "/.") {
		return Area
	}
	return to
}

// attemptLife is how long a sign-in may take at the provider.
const attemptLife = 15 * time.Minute

// attemptCookie has a name of its own for each sign-in, so that two tabs can be at it.
func (m *Mall) attemptCookie(state string) string {
	name := "pointgrid_attempt_" + state[:min(len(state), 8)]
	if m.secure() {
		return "__Host-" + name
	}
	return name
}

// begin sends the browser to the provider, with the attempt in a cookie.
func (m *Mall) begin(w http.ResponseWriter, r *http.Request) {
	next := m.next(r.URL.Query().Get("next"))
	a, err := identity.NewAttempt(m.o.Random)
	if err != nil {
		m.fail(w, r, err)
		return
	}
	to, err := m.o.Identity.Begin(r.Context(), a, string(m.o.Pages.Language(r)))
	if err != nil {
		m.notSignedIn(w, r, next, err)
		return
	}
	kept := a.Text() + "." + base64.RawURLEncoding.EncodeToString([]byte(next))
	m.setCookie(w, m.attemptCookie(a.State()), kept, attemptLife)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// attempt is the one that this browser began, and where it wanted to go. Its cookie
// is used up.
func (m *Mall) attempt(w http.ResponseWriter, r *http.Request) (a identity.Attempt, next string, _ error) {
	name := m.attemptCookie(r.URL.Query().Get("state"))
	c, err := r.Cookie(name)
	if err != nil {
		return a, Area, identity.ErrForeign
	}
	m.setCookie(w, name, "", 0)
	secret, to, _ := strings.Cut(c.Value, ".")
	path, err := base64.RawURLEncoding.DecodeString(to)
	if err != nil {
		path = nil
	}
	next = m.next(string(path))
	if a, err = identity.ParseAttempt(secret); err != nil {
		return a, next, identity.ErrForeign
	}
	return a, next, nil
}

// callback takes the provider's answer and opens a session.
func (m *Mall) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address has the code
	a, next, err := m.attempt(w, r)
	if err != nil {
		if _, resumed := m.o.Sessions.Resume(r.Context(), m.token(r)); resumed == nil {
			http.Redirect(w, r, Area, http.StatusSeeOther) // the answer came twice
			return
		}
		m.notSignedIn(w, r, next, err)
		return
	}
	who, err := m.o.Identity.Finish(r.Context(), a, r.URL.Query())
	if err == nil {
		err = m.o.Register(r.Context(), who.Member)
	}
	if err != nil {
		m.notSignedIn(w, r, next, err)
		return
	}
	v, err := m.o.Sessions.Open(r.Context(), who.Member, session.Person{Name: bounded(who.Name), IDToken: who.IDToken}, m.token(r))
	if err != nil {
		m.fail(w, r, err)
		return
	}
	m.setCookie(w, m.cookie(), v.Token, 0)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// bounded is a name as long as a page has room for.
func bounded(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 40)])
}

// failures are why a sign-in did not work, as the member is told.
var failures = []struct {
	err    error
	status int
	word   string
}{
	{identity.ErrUnreachable, http.StatusServiceUnavailable, "unreachable"},
	{identity.ErrForeign, http.StatusBadRequest, "foreign"},
	{identity.ErrRefused, http.StatusBadGateway, "refused"},
	{identity.ErrToken, http.StatusBadGateway, "token"},
	{identity.ErrNoMember, http.StatusForbidden, "no_member"},
	{ErrNotAMember, http.StatusForbidden, "no_member"},
}

// notSignedIn says why, and what to do.
func (m *Mall) notSignedIn(w http.ResponseWriter, r *http.Request, next string, err error) {
	var denied *identity.Denied
	if errors.As(err, &denied) {
		word := "denied"
		if denied.Code != "access_denied" && !strings.HasSuffix(denied.Code, "_required") {
			word = "refused"
			m.o.Logger.WarnContext(r.Context(), "sign-in of a member failed", "error", err)
		}
		m.signInPage(w, r, http.StatusForbidden, signInBody{Next: next, Failed: word})
		return
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			m.o.Logger.WarnContext(r.Context(), "sign-in of a member failed", "error", err)
			m.signInPage(w, r, f.status, signInBody{Next: next, Failed: f.word})
			return
		}
	}
	m.fail(w, r, err)
}

// goodbyeBody is what the page after signing out shows.
type goodbyeBody struct {
	Provider string // where to sign out at the provider too; empty is nowhere
}

// signOut ends our session and leads to where the provider's is ended. The browser goes
// there by itself, and not by a redirect, which our pages' policy does not let a
// form have.
func (m *Mall) signOut(v *visit) error {
	if err := m.o.Sessions.End(v.r.Context(), v.Token); err != nil {
		return err
	}
	m.setCookie(v.w, m.cookie(), "", 0)
	v.w.Header().Set("Clear-Site-Data", `"cache"`)
	b := goodbyeBody{}
	if m.o.Identity != nil {
		b.Provider = m.o.Identity.SignOut(v.IDToken, m.o.URL+GoodbyePath)
	}
	if b.Provider == "" {
		http.Redirect(v.w, v.r, GoodbyePath, http.StatusSeeOther)
		return nil
	}
	f := m.alone(v.r)
	f.Refresh, f.Body = &page.Refresh{URL: b.Provider}, b
	m.o.Pages.Render(v.w, v.r, http.StatusOK, "mall/goodbye", f)
	return nil
}

func (m *Mall) showGoodbye(w http.ResponseWriter, r *http.Request) {
	f := m.alone(r)
	f.Body = goodbyeBody{}
	m.o.Pages.Render(w, r, http.StatusOK, "mall/goodbye", f)
}
