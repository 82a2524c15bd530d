package mall

import (
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/web/page"
)

// entranceRoutes are the ways in and out.
func (m *Mall) entranceRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: Area + "/sign-in", Handler: http.HandlerFunc(m.showSignIn)},
		{Method: http.MethodPost, Path: Area + "/sign-out", Handler: m.guard(m.signOut)},
	}
}

// signInBody is what the sign-in page shows.
type signInBody struct {
	Next  string // where to go then
	Ended bool   // a form was lost because the session had ended
}

func (m *Mall) showSignIn(w http.ResponseWriter, r *http.Request) {
	next := m.next(r.URL.Query().Get("next"))
	if _, err := m.o.Sessions.Resume(r.Context(), m.token(r)); err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	f := m.alone(r)
	f.Body = signInBody{Next: next, Ended: r.URL.Query().Has("ended")}
	m.o.Pages.Render(w, r, http.StatusOK, "mall/sign_in", f)
}

// next is a page of the member's: the one that was asked for, or the first.
func (m *Mall) next(to string) string {
	to = page.LocalPath(to, Area)
	if to != Area && !strings.HasPrefix(to, Area+"/") || strings.HasPrefix(to, Area+"/sign-") {
		return Area
	}
	return to
}

func (m *Mall) signOut(v *visit) error {
	if err := m.o.Sessions.End(v.r.Context(), v.Token); err != nil {
		return err
	}
	m.setCookie(v.w, m.cookie(), "", 0)
	v.w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(v.w, v.r, Area+"/sign-in", http.StatusSeeOther)
	return nil
}
