package page_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pointgrid/pointgrid/web/page"
)

func family(en, zh, main string) page.Family {
	return page.Family{Name: "test", Files: fstest.MapFS{
		"words/en.yaml": {Data: []byte(en)}, "words/zh.yaml": {Data: []byte(zh)},
		"pages/one.html": {Data: []byte(`{{define "title"}}T{{end}}{{define "main"}}<h1>` + main + `</h1>{{end}}`)}}}
}

func open(families ...page.Family) (*page.Set, error) {
	return page.New(page.Options{Families: families, Location: time.UTC, Logger: slog.New(slog.DiscardHandler)})
}

func TestMissingWordsAreNamedBeforeAnybodySeesAPage(t *testing.T) {
	for want, f := range map[string]page.Family{
		`"test.b" has words in en and none in zh`:           family("test: {a: A, b: B}", "test: {a: 甲}", ""),
		`"test.c" has words in zh and none in en`:           family("test: {a: A}", "test: {a: 甲, c: 丙}", ""),
		`there are no words for ["test.nowhere"]`:           family("test: {a: A}", "test: {a: 甲}", `{{t "test.nowhere"}}`),
		`the words for "layout.skip" in en are there twice`: family("layout: {skip: S}", "layout: {skip: 跳}", ""),
		`function "gone" not defined`:                       family("test: {a: A}", "test: {a: 甲}", `{{gone}}`),
	} {
		if _, err := open(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func render(t *testing.T, f page.Family, body any, header http.Header) (*httptest.ResponseRecorder, string) {
	t.Helper()
	s, err := open(f)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest("GET", "/test?x=<y>", nil), httptest.NewRecorder()
	for name, values := range header {
		r.Header[name] = values
	}
	s.Render(w, r, http.StatusOK, "test/one", page.Frame{Body: body})
	return w, w.Body.String()
}

func TestWordsAreInTheLanguageThatIsWanted(t *testing.T) {
	f := family("test: {n: {one: '{{.n}} thing', other: '{{.n}} things'}}", "test: {n: '{{.n}} 个'}", `{{t "test.n" "n" .Body}}`)
	for accept, want := range map[string]string{"": "1 thing", "zh-CN,zh;q=0.9,en;q=0.8": "1 个", "zh-Hant-TW": "1 个", "en-GB": "1 thing", "fr, zh;q=0.5": "1 个", "fr": "1 thing",
		"en;q=0.1, zh;q=0.9": "1 个", strings.Repeat("zh,", 1000): "1 thing", ";;;": "1 thing"} {
		if _, body := render(t, f, uint16(1), http.Header{"Accept-Language": {accept}}); !strings.Contains(body, "<h1>"+want+"</h1>") {
			t.Errorf("%q does not get %q", accept, want)
		}
	}
	if _, body := render(t, f, 2, nil); !strings.Contains(body, "2 things") {
		t.Error("two are not many")
	}
	if _, body := render(t, f, 2, http.Header{"Accept-Language": {"en"}, "Cookie": {"pointgrid_lang=zh; pointgrid_theme=dark"}}); !strings.Contains(body, "2 个") {
		t.Error("what was chosen does not count")
	}
	if _, body := render(t, f, 2, http.Header{"Cookie": {`pointgrid_lang="><b>; pointgrid_theme=x`}}); strings.Contains(body, "<b>") {
		t.Error("a cookie that is no choice gets into the page")
	}
}

func TestTheDarkThemeComesByChoiceOrByTheSystemAndNeverOnPaper(t *testing.T) {
	f := family("test: {a: a}", "test: {a: a}", `{{t "test.a"}}`)
	for choice, media := range map[string]string{"": "screen and (prefers-color-scheme: dark)", "nonsense": "screen and (prefers-color-scheme: dark)", "dark": "screen", "light": ""} {
		_, body := render(t, f, 0, http.Header{"Cookie": {"pointgrid_theme=" + choice}})
		if link := `.css" media="` + media + `">`; strings.Contains(body, "/dark.") != (media != "") || media != "" && !strings.Contains(body, link) {
			t.Errorf("with the choice %q the page does not have dark.css for %q:\n%s", choice, media, body)
		}
	}
}

func TestWhatComesFromOutsideIsEscaped(t *testing.T) {
	f := family("test: {a: 'Hello {{.name}}'}", "test: {a: '你好 {{.name}}'}", `{{t "test.a" "name" .Body}}<a title="{{.Body}}">x</a>`)
	if _, body := render(t, f, `"><script>alert(1)</script>`, nil); strings.Contains(body, "<script>alert") || strings.Contains(body, `title="">`) {
		t.Errorf("not escaped: %s", body)
	}
}

func TestAPageThatFailsHalfwayShowsNoHalf(t *testing.T) {
	w, body := render(t, family("test: {a: A}", "test: {a: 甲}", `half{{.Body.Missing}}`), struct{}{}, nil)
	if w.Code != http.StatusInternalServerError || strings.Contains(body, "half") || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("answered %d %q", w.Code, body)
	}
}

func TestAMessageStandsOnTheNextPageOnly(t *testing.T) {
	f := family("flash: {moved: 'Moved by {{.by}}'}", "flash: {moved: '移动 {{.by}}'}", "")
	s, err := open(f)
	if err != nil {
		t.Fatal(err)
	}
	left := httptest.NewRecorder()
	s.Flash(left, "flash.moved", "by", "<b>you</b>")
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Cookie"] = []string{strings.Split(left.Header().Get("Set-Cookie"), ";")[0]}
	w := httptest.NewRecorder()
	s.Render(w, r, http.StatusOK, "test/one", page.Frame{})
	if !strings.Contains(w.Body.String(), "Moved by &lt;b&gt;you&lt;/b&gt;") || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the page shows %s, cookie %s", w.Body, w.Header().Get("Set-Cookie"))
	}
	for _, forged := range []string{"pointgrid_flash=x", "pointgrid_flash=eyJ3IjoibGF5b3V0LnNraXAifQ"} {
		r.Header["Cookie"], w = []string{forged}, httptest.NewRecorder()
		s.Render(w, r, http.StatusOK, "test/one", page.Frame{})
		if strings.Contains(w.Body.String(), `role="status"`) {
			t.Errorf("%s shows a message", forged)
		}
	}
}

func TestFilesAreServedUnderNamesThatChangeWithThem(t *testing.T) {
	f := family("test: {a: A}", "test: {a: 甲}", "")
	s, err := open(f)
	if err != nil {
		t.Fatal(err)
	}
	_, body := render(t, f, nil, nil)
	_, rest, _ := strings.Cut(body, `rel="stylesheet" href="`)
	path, _, _ := strings.Cut(rest, `"`)
	mux := page.Mux(s.Routes())
	r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
	r.Header.Set("Accept-Encoding", "gzip")
	mux.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("%s: %d %v", path, w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/assets/page.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("the plain name is answered with %d", w.Code)
	}
}
