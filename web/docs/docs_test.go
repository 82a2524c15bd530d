package docs_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/openapi"
	"github.com/pointgrid/pointgrid/web/docs"
)

func site(t *testing.T) *docs.Site {
	t.Helper()
	s, err := docs.New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestThePageLoadsOnlyWhatIsInTheBinary(t *testing.T) {
	s := site(t)
	w := httptest.NewRecorder()
	s.Page(w, httptest.NewRequest("GET", "/docs", nil))
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(links) < 5 {
		t.Fatalf("page has only the links %v", links)
	}
	for _, l := range links {
		dir, name, _ := strings.Cut(strings.TrimPrefix(l[1], "/"), "/")
		serve := s.File
		if dir == "openapi" {
			serve = s.Document
		}
		if !serve(httptest.NewRecorder(), httptest.NewRequest("GET", l[1], nil), name) {
			t.Errorf("%s is not served", l[1])
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "http") || strings.Contains(policy, "script-src 'self' 'unsafe") {
		t.Errorf("policy is %q", policy)
	}
	if strings.Contains(w.Body.String(), "<script>") || regexp.MustCompile(` on\w+=`).MatchString(w.Body.String()) {
		t.Error("the page has inline scripts, which its policy forbids")
	}
}

func TestDocumentsAreServedAsTheyAre(t *testing.T) {
	for _, name := range []string{openapi.Exchange, openapi.Connector} {
		w := httptest.NewRecorder()
		want, err := openapi.Published(name)
		if err != nil || !site(t).Document(w, httptest.NewRequest("GET", "/openapi/"+name, nil), name) || w.Body.String() != string(want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesTravelPackedToThoseWhoUnpack(t *testing.T) {
	s := site(t)
	plain, packed := httptest.NewRecorder(), httptest.NewRecorder()
	s.File(plain, httptest.NewRequest("GET", "/docs/swagger-ui.css", nil), "swagger-ui.css")
	r := httptest.NewRequest("GET", "/docs/swagger-ui.css", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	s.File(packed, r, "swagger-ui.css")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() >= plain.Body.Len() {
		t.Fatalf("not packed: %v", packed.Header())
	}
	unpack, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(unpack); err != nil || string(got) != plain.Body.String() {
		t.Errorf("unpacks to something else, %v", err)
	}
}

func TestWhatTheBrowserHasIsNotSentAgain(t *testing.T) {
	s := site(t)
	first, second := httptest.NewRecorder(), httptest.NewRecorder()
	s.Page(first, httptest.NewRequest("GET", "/docs", nil))
	r := httptest.NewRequest("GET", "/docs", nil)
	r.Header.Set("If-None-Match", first.Header().Get("ETag"))
	s.Page(second, r)
	if second.Code != http.StatusNotModified || second.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes", second.Code, second.Body.Len())
	}
}

func TestOtherNamesAreNotServed(t *testing.T) {
	s := site(t)
	for _, name := range []string{"", "docs.go", "../docs.go", "swagger-ui.css.gz", "index.html"} {
		if s.File(httptest.NewRecorder(), httptest.NewRequest("GET", "/docs/x", nil), name) {
			t.Errorf("serves the file %q", name)
		}
		if s.Document(httptest.NewRecorder(), httptest.NewRequest("GET", "/openapi/x", nil), name) {
			t.Errorf("serves the document %q", name)
		}
	}
}
