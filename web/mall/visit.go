package mall

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/session"
)

// errNotFound: what was asked for is not there, or not this member's.
var errNotFound = errors.New("member pages: not found")

// visit is one request of a member.
type visit struct {
	w              http.ResponseWriter
	r              *http.Request
	*session.Visit // with the member's number and the form token
	account        ledger.Account
	lang           page.Language

	// What is asked for once in a visit.
	known  []currency
	signed []ledger.Agreement
}

// formMax bounds a form in bytes: these have no files.
const formMax = 64 << 10

// guard lets members through; others are asked to sign in. The form of a request is
// parsed and its token checked.
func (m *Mall) guard(handle func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.o.Sessions.Resume(r.Context(), m.token(r))
		if errors.Is(err, session.ErrNoSession) {
			m.askToSignIn(w, r)
			return
		}
		if err != nil {
			m.fail(w, r, err)
			return
		}
		v := &visit{w: w, r: r, Visit: s, lang: m.o.Pages.Language(r)}
		if r.Method != http.MethodGet && !formIsOurs(w, r, s.FormToken()) {
			m.problem(v, http.StatusForbidden, "form")
			return
		}
		if v.account, err = m.o.Account(r.Context(), s.Member); err == nil {
			err = handle(v)
		}
		if err != nil {
			m.refuse(v, err)
		}
	})
}

func formIsOurs(w http.ResponseWriter, r *http.Request, token string) bool {
	r.Body = http.MaxBytesReader(w, r.Body, formMax)
	return r.ParseForm() == nil && page.IsText(r.PostForm) && subtle.ConstantTimeCompare([]byte(r.PostForm.Get("form_token")), []byte(token)) == 1
}

// askToSignIn remembers which page was asked for. A form that was sent without a
// session is lost, and the sign-in page says so.
func (m *Mall) askToSignIn(w http.ResponseWriter, r *http.Request) {
	to := Area + "/sign-in"
	switch {
	case r.Method != http.MethodGet:
		to += "?ended=1"
	case r.URL.Path != Area:
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// frame is what stands around a page of a visit.
func (m *Mall) frame(v *visit) page.Frame {
	f := m.alone(v.r)
	f.Nav, f.FormToken = m.links(v.r, tabs), v.FormToken()
	f.Person = &page.Person{Name: v.Name, Company: v.Member}
	return f
}

// alone is what stands around a page of nobody's.
func (m *Mall) alone(r *http.Request) page.Frame {
	f := page.Frame{Area: Area, AreaName: "mall.name"}
	if m.o.Sandbox {
		l := m.o.Pages.Language(r)
		f.Notice = m.o.Pages.Say(r, "mall.sandbox", "now", page.InstantText(l, m.o.Now().In(m.o.Location)))
	}
	return f
}

// show answers with a page.
func (m *Mall) show(v *visit, name string, body any) error {
	return m.showStatus(v, http.StatusOK, name, body)
}

func (m *Mall) showStatus(v *visit, status int, name string, body any) error {
	f := m.frame(v)
	f.Body = body
	m.o.Pages.Render(v.w, v.r, status, "mall/"+name, f)
	return nil
}

// done leaves a message and leads to a page of the member's. The word begins with
// "flash.".
func (m *Mall) done(v *visit, path, word string, values ...string) error {
	m.o.Pages.Flash(v.w, word, values...)
	http.Redirect(v.w, v.r, Area+path, http.StatusSeeOther)
	return nil
}

// say returns words in the member's language.
func (m *Mall) say(v *visit, key string, values ...any) string {
	return m.o.Pages.Say(v.r, key, values...)
}

// refusals are the pages that answer errors of the parts behind. What is not here
// is a failure of ours.
var refusals = []struct {
	err    error
	status int
	code   string
}{
	{errNotFound, http.StatusNotFound, "not_found"},
	{ledger.ErrNotFound, http.StatusNotFound, "not_found"},
	{mall.ErrNotFound, http.StatusNotFound, "not_found"},
	{exchange.ErrNotFound, http.StatusNotFound, "not_found"},
	{ledger.ErrBusy, http.StatusServiceUnavailable, "busy"},
	{ledger.ErrClosed, http.StatusServiceUnavailable, "busy"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "busy"},
	{members.ErrErasing, http.StatusConflict, "erasing"},
}

func (m *Mall) refuse(v *visit, err error) {
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			m.problem(v, known.status, known.code)
			return
		}
	}
	m.fail(v.w, v.r, err)
}

// problem answers a member with a page that says what went wrong and what to do:
// mall.problem.CODE.title and mall.problem.CODE.advice.
func (m *Mall) problem(v *visit, status int, code string) {
	m.problemIn(v.w, v.r, m.frame(v), status, code)
}

func (m *Mall) problemIn(w http.ResponseWriter, r *http.Request, f page.Frame, status int, code string) {
	f.Body = page.Problem{Code: code, Status: status}
	m.o.Pages.Render(w, r, status, "mall/problem", f)
}

// fail answers a failure of ours.
func (m *Mall) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		m.o.Logger.ErrorContext(r.Context(), "page failed", "path", Area, "error", err)
	}
	m.problemIn(w, r, m.alone(r), http.StatusInternalServerError, "internal")
}

// cookie is the name of the session's. With https it is one that no neighbour site
// can set.
func (m *Mall) cookie() string {
	if m.secure() {
		return "__Host-pointgrid_member"
	}
	return "pointgrid_member"
}

func (m *Mall) token(r *http.Request) string {
	c, err := r.Cookie(m.cookie())
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie hands a session's token to the browser, which forgets it at its own end;
// an empty one is forgotten at once.
func (m *Mall) setCookie(w http.ResponseWriter, name, token string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: token, Path: "/", MaxAge: int(life.Seconds()), Secure: m.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
