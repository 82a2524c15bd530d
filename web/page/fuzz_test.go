package page_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/web/page"
)

// FuzzALocalPathStaysHere: wherever a form says that it is to go back to, a browser
// stays at this site. Browsers take tabs and line ends out of an address, and a
// backslash for a slash.
func FuzzALocalPathStaysHere(f *testing.F) {
	for _, seed := range []string{"/mall", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/mall?next=//evil.example#x",
		"/.//evil.example", "/%2f/evil.example", "javascript:alert(1)", "/" + strings.Repeat("a", 3000), "/a\x00b", "/\u2028/evil.example", "/@evil.example", "\r/mall"} {
		f.Add(seed)
	}
	here, _ := url.Parse("https://mall.example/console")
	browser := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/")
	f.Fuzz(func(t *testing.T, to string) {
		path := page.LocalPath(to, "/instead")
		if path != to && path != "/instead" || len(path) > 2048 {
			t.Fatalf("%q becomes %q", to, path)
		}
		read := browser.Replace(strings.TrimFunc(path, func(r rune) bool { return r <= ' ' }))
		if !strings.HasPrefix(read, "/") || strings.HasPrefix(read, "//") {
			t.Fatalf("%q leads a browser to %q", to, read)
		}
		if u, err := here.Parse(read); err == nil && (u.Host != here.Host || u.Scheme != here.Scheme) {
			t.Fatalf("%q leads to %s", to, u)
		}
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequest(http.MethodPost, "/language", nil), path, http.StatusSeeOther)
		if at := w.Header().Get("Location"); !strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") {
			t.Fatalf("%q is answered with Location %q", to, at)
		}
	})
}

// FuzzAMessageOfANextPageIsOurWords: a cookie with a message shows words of ours, or
// nothing, and what is put into them is escaped and of a size that a page has room for.
func FuzzAMessageOfANextPageIsOurWords(f *testing.F) {
	fam := family("flash: {saved: 'Saved {{.name}}'}\nsecret: {word: s3cret}", "flash: {saved: '已保存 {{.name}}'}\nsecret: {word: s3cret}", "main")
	s, err := open(fam)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"eyJ3IjoiZmxhc2guc2F2ZWQiLCJ2IjpbIm5hbWUiLCI8YiBpZD1ldmlsPiJdfQ", "eyJ3Ijoic2VjcmV0LndvcmQifQ", "eyJ3IjoiZmxhc2guc2F2ZWQiLCJ2IjpbIm5hbWUiXX0", "", "e30", "bnVsbA", "eyJ3IjoiZmxhc2guc2F2ZWQiLCJ2IjpbXX0=", strings.Repeat("A", 9000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		r, w := httptest.NewRequest(http.MethodGet, "/test", nil), httptest.NewRecorder()
		r.Header["Cookie"] = []string{"pointgrid_flash=" + cookie}
		s.Render(w, r, http.StatusOK, "test/one", page.Frame{})
		if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "s3cret") || strings.Contains(body, "<b id=evil>") || !utf8.ValidString(body) {
			t.Fatalf("%q shows %d:\n%s", cookie, w.Code, body)
		}
	})
}

// FuzzAMessageIsShownAsItWasLeft: what one page leaves the next one says.
func FuzzAMessageIsShownAsItWasLeft(f *testing.F) {
	fam := family("flash: {saved: 'Saved {{.name}}'}", "flash: {saved: '已保存 {{.name}}'}", "main")
	s, err := open(fam)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"lamp", "", "台灯", `"><b>`, "a;b=c", strings.Repeat("x", 4000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		left := httptest.NewRecorder()
		s.Flash(left, "flash.saved", "name", name)
		r, w := httptest.NewRequest(http.MethodGet, "/test", nil), httptest.NewRecorder()
		for _, c := range left.Result().Cookies() {
			r.AddCookie(c)
		}
		s.Render(w, r, http.StatusOK, "test/one", page.Frame{})
		if len(name) > 300 || !utf8.ValidString(name) || strings.Contains(name, "\x00") {
			return // too long is not shown at all, and what is no text is not shown as it is
		}
		if said := html.UnescapeString(w.Body.String()); !strings.Contains(said, "Saved "+name) {
			t.Fatalf("%q is shown as\n%s", name, said)
		}
	})
}
