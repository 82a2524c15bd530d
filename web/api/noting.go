package api

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/observe"
)

// note writes down that a caller who was known used its token, and how it went.
func (a *API) note(r *request, code string) {
	e := a.entry(r.c.Request, r.caller, r.op.route, r.c.Writer.Status(), code)
	e.Kind, e.From, e.At, e.Took = partners.AccessRequest, r.from, r.began, a.o.Now().Sub(r.began)
	a.o.Access.Note(e)
}

// noteDenied writes down a token that was refused, whatever else is dropped.
func (a *API) noteDenied(r *request, err error) {
	var d *oauth.Denial
	if !errors.As(err, &d) {
		return
	}
	e := a.entry(r.c.Request, d.Caller, r.op.route, r.c.Writer.Status(), d.Code)
	e.Kind, e.From, e.At, e.Took = partners.AccessAuthentication, r.from, r.began, a.o.Now().Sub(r.began)
	a.o.Access.Keep(r.context(), e)
}

// noteToken writes down that a token was asked for.
func (a *API) noteToken(r *http.Request, by oauth.Caller, status int, code string) {
	e := a.entry(r, by, oauth.TokenPath, status, code)
	e.Kind, e.From, e.At = partners.AccessAuthentication, a.o.Origin.Address(r), a.o.Now()
	a.o.Access.Keep(r.Context(), e)
}

func (a *API) entry(r *http.Request, by oauth.Caller, route string, status int, code string) partners.Access {
	e := partners.Access{Partner: by.Partner, Client: by.Client, Key: by.Key, TokenID: by.TokenID, Method: r.Method, Route: route, Status: status, Code: code}
	if record := observe.FromContext(r.Context()); record != nil {
		e.RequestID = record.RequestID
	}
	return e
}

var ginParameter = regexp.MustCompile(`:([a-z_]+)`)

// asDescribed is a path as the document writes it.
func asDescribed(path string) string { return ginParameter.ReplaceAllString(path, "{$1}") }

// administrator is the caller as one who changes credentials.
func (a *API) administrator(r *request) partners.Administrator {
	note := a.entry(r.c.Request, r.caller, r.op.route, http.StatusOK, "")
	note.From, note.Took = r.from, time.Duration(0)
	return partners.Administrator{Partner: r.caller.Partner, Operator: r.caller.Scopes.Allows(oauth.Only(partners.ScopeOperator)), Note: note}
}
