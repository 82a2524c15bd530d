package entrance

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"

	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
)

// Handler serves a page to a user who is signed in.
type Handler func(w http.ResponseWriter, r *http.Request, v *signin.Visit)

// formMax bounds a form with its files, in bytes. It is read only for those who
// may send it. Of larger files this much is kept in memory, the rest on disk until
// the request ends.
const formMax = 2 << 20

// Guard lets users with one of the roles through, all of the family's when there
// is none. Others are asked to sign in, or told which role is missing. The form
// of a request is parsed and its token checked.
func (e *Entrance) Guard(h Handler, roles ...signin.Role) http.Handler {
	return e.guard(h, rules{formMax: formMax, roles: roles})
}

// GuardUpload is Guard for a form with files of up to so many bytes in all.
func (e *Entrance) GuardUpload(h Handler, bytesMax int64, roles ...signin.Role) http.Handler {
	return e.guard(h, rules{formMax: bytesMax, roles: roles})
}

// rules say who may send what.
type rules struct {
	roles   []signin.Role // none is all
	formMax int64         // bytes
	early   bool          // also before the password is changed
}

func (e *Entrance) guard(h Handler, allow rules) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := e.visit(r)
		switch {
		case errors.Is(err, signin.ErrNoSession):
			e.askToSignIn(w, r)
		case err != nil:
			e.Fail(w, r, err)
		case !e.o.Admits(v.User):
			e.o.Pages.Refuse(w, r, http.StatusForbidden, "forbidden", page.Frame{})
		case v.User.MustChange && !allow.early:
			http.Redirect(w, r, e.o.Area+"/account", http.StatusSeeOther)
		case e.o.Service.FactorMissing(v) && !allow.early:
			e.o.Pages.Flash(w, "flash.factor_needed")
			http.Redirect(w, r, e.o.Area+"/account/factor", http.StatusSeeOther)
		case len(allow.roles) > 0 && !v.User.Has(allow.roles...):
			e.o.Pages.Logger().WarnContext(r.Context(), "page refused", "area", e.o.Area, "user", v.User.ID.String(), "roles", v.User.Roles)
			e.o.Pages.Refuse(w, r, http.StatusForbidden, "forbidden", e.Frame(r, v))
		case r.Method != http.MethodGet && !formIsOurs(w, r, v, allow.formMax):
			e.o.Pages.Logger().WarnContext(r.Context(), "form refused", "area", e.o.Area, "user", v.User.ID.String())
			e.o.Pages.Refuse(w, r, http.StatusForbidden, "form", e.Frame(r, v))
		default:
			h(w, r, v)
		}
	})
}

// visit is of a user who has proved everything.
func (e *Entrance) visit(r *http.Request) (*signin.Visit, error) {
	v, err := e.o.Service.Resume(r.Context(), e.token(r))
	if err == nil && v.Session.Pending {
		return nil, signin.ErrNoSession
	}
	return v, err
}

func formIsOurs(w http.ResponseWriter, r *http.Request, v *signin.Visit, bytesMax int64) bool {
	r.Body = http.MaxBytesReader(w, r.Body, bytesMax)
	err := r.ParseMultipartForm(formMax)
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return false
	}
	return page.IsText(r.PostForm) && subtle.ConstantTimeCompare([]byte(r.PostForm.Get("form_token")), []byte(v.FormToken())) == 1
}

// askToSignIn remembers which page was asked for. A form that was sent without a
// session is lost, and the sign-in page says so.
func (e *Entrance) askToSignIn(w http.ResponseWriter, r *http.Request) {
	to := e.o.Area + "/sign-in"
	switch {
	case r.Method != http.MethodGet:
		to += "?ended=1"
	case r.URL.Path != e.o.Area:
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// Frame is what stands around a page of the visit's user.
func (e *Entrance) Frame(r *http.Request, v *signin.Visit) page.Frame {
	f := e.o.Frame(r, v)
	f.Area, f.AreaName, f.FormToken = e.o.Area, e.o.AreaName, v.FormToken()
	return f
}

// Fail answers a failure of ours.
func (e *Entrance) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		e.o.Pages.Logger().ErrorContext(r.Context(), "page failed", "path", e.o.Area, "error", err)
	}
	e.o.Pages.Refuse(w, r, http.StatusInternalServerError, "internal", page.Frame{})
}

// cookie is the name of the session's. With https it is one that no neighbour
// site can set and no other path sees.
func (e *Entrance) cookie() string {
	if e.o.Secure {
		return "__Host-pointgrid_staff"
	}
	return "pointgrid_staff"
}

func (e *Entrance) token(r *http.Request) string {
	c, err := r.Cookie(e.cookie())
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie hands the session's token to the browser, which forgets it at its own
// end; an empty one is forgotten at once.
func (e *Entrance) setCookie(w http.ResponseWriter, token string) {
	c := &http.Cookie{Name: e.cookie(), Value: token, Path: "/", Secure: e.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
