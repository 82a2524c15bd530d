package entrance

import (
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/pointgrid/pointgrid/web/signin"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// accountBody is what the account page shows.
type accountBody struct {
	User  *signin.User
	Wrong string // what is wrong with the password form: a key below account.wrong
	Wait  int64  // minutes
	// Least is how many characters a password has at least.
	Least int
	// Removing says that the form that failed was the one that removes the second
	// factor.
	Removing bool
}

func (e *Entrance) account(w http.ResponseWriter, r *http.Request, v *signin.Visit, status int, b accountBody) {
	b.User, b.Least = v.User, signin.PasswordMin
	f := e.Frame(r, v)
	if v.User.MustChange || e.o.Service.FactorMissing(v) {
		f.Nav = nil // there is nowhere else to go yet
	}
	e.render(w, r, status, "account", f, b)
}

func (e *Entrance) showAccount(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	e.account(w, r, v, http.StatusOK, accountBody{})
}

func (e *Entrance) changePassword(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	form := r.PostForm
	if form.Get("new") != form.Get("again") {
		e.account(w, r, v, http.StatusUnprocessableEntity, accountBody{Wrong: "again"})
		return
	}
	next, err := e.o.Service.ChangePassword(r.Context(), v, form.Get("old"), form.Get("new"), e.address(r))
	if e.accountRefused(w, r, v, err, false) {
		return
	}
	e.setCookie(w, next.Token)
	e.o.Pages.Flash(w, "flash.password_changed")
	http.Redirect(w, r, e.o.Area, http.StatusSeeOther)
}

// accountRefused answers an error of a form of the account page.
func (e *Entrance) accountRefused(w http.ResponseWriter, r *http.Request, v *signin.Visit, err error, removing bool) bool {
	if err == nil {
		return false
	}
	b := accountBody{Removing: removing}
	var weak *signin.WeakPassword
	var wrong bool
	if errors.As(err, &weak) {
		b.Wrong = weak.Rule
		e.account(w, r, v, http.StatusUnprocessableEntity, b)
		return true
	}
	status := e.explain(w, err, &wrong, &b.Wait)
	if status == 0 {
		e.Fail(w, r, err)
		return true
	}
	if wrong {
		b.Wrong = "old"
	}
	e.account(w, r, v, status, b)
	return true
}

func (e *Entrance) endOthers(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	if err := e.o.Service.EndOthers(r.Context(), v); err != nil {
		e.Fail(w, r, err)
		return
	}
	e.o.Pages.Flash(w, "flash.sessions_ended")
	http.Redirect(w, r, e.o.Area+"/account", http.StatusSeeOther)
}

// factorBody is what the page of the second factor shows: a new factor, or, once
// it is set, the recovery codes.
type factorBody struct {
	Secret   string
	Picture  template.URL
	Wrong    bool
	Wait     int64
	Recovery []string
}

func (e *Entrance) showFactor(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	if v.User.SecondFactor() {
		http.Redirect(w, r, e.o.Area+"/account", http.StatusSeeOther)
		return
	}
	factor, err := e.o.Service.BeginFactor(v)
	if err != nil {
		e.Fail(w, r, err)
		return
	}
	e.factor(w, r, v, http.StatusOK, factor, factorBody{})
}

func (e *Entrance) factor(w http.ResponseWriter, r *http.Request, v *signin.Visit, status int, factor *signin.Factor, b factorBody) {
	if factor != nil {
		picture, err := factor.Picture()
		if err != nil {
			e.Fail(w, r, err)
			return
		}
		b.Secret = factor.Secret
		b.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture))
	}
	e.render(w, r, status, "factor", e.Frame(r, v), b)
}

func (e *Entrance) setFactor(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	form := r.PostForm
	codes, err := e.o.Service.SetFactor(r.Context(), v, form.Get("secret"), form.Get("code"), form.Get("password"), e.address(r))
	if err == nil {
		e.factor(w, r, v, http.StatusOK, nil, factorBody{Recovery: codes})
		return
	}
	var b factorBody
	status := e.explain(w, err, &b.Wrong, &b.Wait)
	factor, again := e.o.Service.ShowFactor(v, form.Get("secret"))
	if again != nil {
		factor, again = e.o.Service.BeginFactor(v)
	}
	if status == 0 || again != nil {
		e.Fail(w, r, err)
		return
	}
	e.factor(w, r, v, status, factor, b)
}

func (e *Entrance) dropFactor(w http.ResponseWriter, r *http.Request, v *signin.Visit) {
	err := e.o.Service.DropFactor(r.Context(), v, r.PostForm.Get("password"), r.PostForm.Get("code"), e.address(r))
	if e.accountRefused(w, r, v, err, true) {
		return
	}
	e.o.Pages.Flash(w, "flash.factor_removed")
	http.Redirect(w, r, e.o.Area+"/account", http.StatusSeeOther)
}
