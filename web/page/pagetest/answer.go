package pagetest

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Answer is a page, or what else came for one.
type Answer struct {
	Status int
	Path   string // where redirects led
	URL    string // the same, in full
	Body   string
	Header http.Header
}

const tokenField = "form_token"

var formToken = regexp.MustCompile(`name="` + tokenField + `" value="([^"]+)"`)

// Token is the form token that the page carries, if it does.
func (a Answer) Token() (token string, ok bool) {
	found := formToken.FindStringSubmatch(a.Body)
	if found == nil {
		return "", false
	}
	return html.UnescapeString(found[1]), true
}

// Want reports an answer that has another status, or a body without one of the
// parts; what says which page it was.
func Want(t testing.TB, what string, got Answer, status int, parts ...string) {
	t.Helper()
	if got.Status != status {
		t.Errorf("%s: status %d, want %d\n%s", what, got.Status, status, got.Body)
	}
	for _, p := range parts {
		if !strings.Contains(got.Body, p) {
			t.Errorf("%s: the page does not have %q\n%s", what, p, got.Body)
		}
	}
}
