package entrance

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
)

// signInBody is what the sign-in page shows.
type signInBody struct {
	Login string // as it was typed
	Next  string // where to go then
	Ended bool   // a form was lost because the session had ended
	Wrong bool
	// Wait is for how many minutes no guess is looked at; 0 is not at all.
	Wait int64
}

func (e *Entrance) alone() page.Frame { return page.Frame{Area: e.o.Area, AreaName: e.o.AreaName} }

func (e *Entrance) render(w http.ResponseWriter, r *http.Request, status int, name string, f page.Frame, body any) {
	f.Body = body
	e.o.Pages.Render(w, r, status, "entrance/"+name, f)
}

func (e *Entrance) showSignIn(w http.ResponseWriter, r *http.Request) {
	if v, err := e.visit(r); err == nil && e.o.Admits(v.User) {
		http.Redirect(w, r, e.o.Area, http.StatusSeeOther)
		return
	}
	e.render(w, r, http.StatusOK, "sign_in", e.alone(), signInBody{Next: e.next(r.URL.Query().Get("next")), Ended: r.URL.Query().Has("ended")})
}

// next is a page of this family, or nothing.
func (e *Entrance) next(to string) string {
	if to = page.LocalPath(to, ""); strings.HasPrefix(to, e.o.Area+"/") || to == e.o.Area {
		return to
	}
	return ""
}

const signInMax = 16 << 10 // bytes of the form

func (e *Entrance) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, signInMax)
	if err := r.ParseForm(); err != nil {
		e.o.Pages.Refuse(w, r, http.StatusBadRequest, "form", e.alone())
		return
	}
	body := signInBody{Login: clip(r.PostForm.Get("login")), Next: e.next(r.PostForm.Get("next"))}
	v, err := e.o.Service.SignIn(r.Context(), r.PostForm.Get("login"), r.PostForm.Get("password"), e.address(r), e.token(r))
	if err == nil && !e.o.Admits(v.User) {
		// The right password at the wrong door: nothing is said, and nothing opened.
		err = errors.Join(signin.ErrWrong, e.o.Service.SignOut(r.Context(), v.Token))
	}
	if err != nil {
		status := e.explain(w, err, &body.Wrong, &body.Wait)
		if status == 0 {
			e.Fail(w, r, err)
			return
		}
		e.render(w, r, status, "sign_in", e.alone(), body)
		return
	}
	e.setCookie(w, v.Token)
	e.goOn(w, r, v, body.Next)
}

// clip bounds what is shown again of what was typed.
func clip(s string) string { return s[:min(len(s), 64)] }

// explain says which page answers a wrong guess; 0 is none, because it was our
// failure.
func (e *Entrance) explain(w http.ResponseWriter, err error, wrong *bool, wait *int64) int {
	var locked *signin.Locked
	switch {
	case errors.As(err, &locked):
		*wait = int64((locked.RetryAfter + time.Minute - 1) / time.Minute)
		w.Header().Set("Retry-After", strconv.FormatInt(int64((locked.RetryAfter+time.Second-1)/time.Second), 10))
		return http.StatusTooManyRequests
	case errors.Is(err, signin.ErrWrong):
		*wrong = true
		return http.StatusUnprocessableEntity
	}
	return 0
}

// goOn leads to where the user wanted to go, by way of what is still missing.
func (e *Entrance) goOn(w http.ResponseWriter, r *http.Request, v *signin.Visit, next string) {
	to := next
	switch {
	case v.Session.Pending:
		to = e.o.Area + "/sign-in/code"
		if next != "" {
			to += "?next=" + queryEscape(next)
		}
	case v.User.MustChange:
		to = e.o.Area + "/account"
	case next == "":
		to = e.o.Area
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// showCode asks for the code when the password was right.
func (e *Entrance) showCode(w http.ResponseWriter, r *http.Request) {
	v, err := e.o.Service.Resume(r.Context(), e.token(r))
	if err != nil || !v.Session.Pending {
		http.Redirect(w, r, e.o.Area+"/sign-in", http.StatusSeeOther)
		return
	}
	e.render(w, r, http.StatusOK, "code", e.alone(), signInBody{Next: e.next(r.URL.Query().Get("next"))})
}

func (e *Entrance) enterCode(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, signInMax)
	if err := r.ParseForm(); err != nil {
		e.o.Pages.Refuse(w, r, http.StatusBadRequest, "form", e.alone())
		return
	}
	body := signInBody{Next: e.next(r.PostForm.Get("next"))}
	v, err := e.o.Service.Confirm(r.Context(), e.token(r), r.PostForm.Get("code"), e.address(r))
	switch {
	case errors.Is(err, signin.ErrNoSession):
		http.Redirect(w, r, e.o.Area+"/sign-in?ended=1", http.StatusSeeOther)
		return
	case err != nil:
		if status := e.explain(w, err, &body.Wrong, &body.Wait); status != 0 {
			e.render(w, r, status, "code", e.alone(), body)
			return
		}
		e.Fail(w, r, err)
		return
	}
	e.setCookie(w, v.Token)
	e.goOn(w, r, v, body.Next)
}

func (e *Entrance) signOut(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	if err := e.o.Service.SignOut(r.Context(), v.Token); err != nil {
		e.Fail(w, r, err)
		return
	}
	e.setCookie(w, "")
	w.Header().Set("Clear-Site-Data", `"cache"`)
	e.o.Pages.Flash(w, "flash.signed_out")
	http.Redirect(w, r, e.o.Area+"/sign-in", http.StatusSeeOther)
}
