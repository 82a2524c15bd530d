package pagetest

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
)

// Browser keeps cookies and follows redirects, as browsers do. What fails between
// it and the server ends its test.
type Browser struct {
	T      testing.TB
	URL    string // of the server, without a slash at its end
	Form   string // the path of a page that carries the form token
	Client *http.Client
	Header http.Header // goes with each request
}

// Open returns a browser without cookies.
func Open(t testing.TB, address, form string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	suite.Must(t, err)
	return &Browser{T: t, URL: address, Form: form, Client: &http.Client{Jar: jar}, Header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
}

// Get opens a page.
func (b *Browser) Get(path string) Answer { b.T.Helper(); return b.Do(http.MethodGet, path, nil) }

// Post posts a form as it is.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.T.Helper()
	return b.Do(http.MethodPost, path, form)
}

// Send posts a form with the token that the browser's pages carry, and adds that
// token to the form.
func (b *Browser) Send(path string, form url.Values) Answer {
	b.T.Helper()
	form.Set(tokenField, b.Token())
	return b.Post(path, form)
}

// Upload posts a form, with the token, whose field "file" is a file of a name. Of a
// field with several values it sends the first.
func (b *Browser) Upload(path string, fields url.Values, name string, file []byte) Answer {
	b.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	fields.Set(tokenField, b.Token())
	for field, values := range fields {
		suite.Must(b.T, m.WriteField(field, values[0]))
	}
	part, err := m.CreateFormFile("file", name)
	suite.Must(b.T, err)
	_, err = part.Write(file)
	suite.Must(b.T, errors.Join(err, m.Close()))
	r, err := http.NewRequest(http.MethodPost, b.URL+path, &body)
	suite.Must(b.T, err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.Ask(r)
}

// Do asks by any method; the form is the body.
func (b *Browser) Do(method, path string, form url.Values) Answer {
	b.T.Helper()
	r, err := http.NewRequest(method, b.URL+path, strings.NewReader(form.Encode()))
	suite.Must(b.T, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.Ask(r)
}

// Ask sends a request, to whatever server.
func (b *Browser) Ask(r *http.Request) Answer {
	b.T.Helper()
	for name, values := range b.Header {
		r.Header[name] = values
	}
	resp, err := b.Client.Do(r)
	suite.Must(b.T, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	suite.Must(b.T, err)
	return Answer{Status: resp.StatusCode, Path: resp.Request.URL.Path, URL: resp.Request.URL.String(), Body: string(body), Header: resp.Header}
}

// Token is the form token of the page at Form.
func (b *Browser) Token() string {
	b.T.Helper()
	token, ok := b.Get(b.Form).Token()
	if !ok {
		b.T.Fatalf("the page %s has no form token", b.Form)
	}
	return token
}
