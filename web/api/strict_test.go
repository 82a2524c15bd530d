package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAmountsThatAreNoneAreRefused(t *testing.T) {
	w := newWorld(t)
	bad := []string{`"-30"`, `"+30"`, `"0"`, `"00030"`, `"030"`, `""`, `" 30"`, `"30 "`, `"3e1"`, `"3E1"`, `"30.0"`, `"30,0"`, `"0x1e"`, `"３０"`, `"٣٠"`, `"3\u0030\u0001"`,
		`"1000000000000001"`, `"9223372036854775808"`, `"99999999999999999999999"`, `"NaN"`, `"Infinity"`, `"1_000"`}
	for _, amount := range bad {
		t.Run(amount, func(t *testing.T) {
			w.as("sky-app").post("/v1/quotes", `{"source":"SKYM","destination":"EPT","amount":`+amount+`}`).invalid("/amount pattern")
		})
	}
	w.as("sky-app").post("/v1/quotes", `{"source":"SKYM","destination":"EPT","amount":"3\u0030\u0000"}`).invalid("/amount zero_character", "/amount pattern")
	for amount, code := range map[string]string{`30`: "type", `30.5`: "integer_form", `3e1`: "integer_form", `null`: "null", `true`: "type", `["30"]`: "type", `{"amount":"30"}`: "type"} {
		t.Run(amount, func(t *testing.T) {
			a := w.as("sky-app").post("/v1/quotes", `{"source":"SKYM","destination":"EPT","amount":`+amount+`}`).refused(400, "invalid_request")
			if a.text("errors.0.pointer") != "/amount" || a.text("errors.0.code") != code {
				t.Errorf("answered %s", a.body)
			}
		})
	}
	w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "3\u0030")).is(201) // an escape is the digit
	w.as("sky-app").post("/v1/quotes", quoteOf("SKYM", "EPT", "1000000000000000")).refused(422, "amount_above_maximum")
}

func TestABodyIsRefusedWithEverythingThatIsWrong(t *testing.T) {
	w := newWorld(t)
	link := newID().String()
	cases := map[string]struct {
		body string
		want []string
	}{
		"an unknown field":        {`{"source":"SKYM","destination":"EPT","amount":"30","link_id":"` + link + `","x":1}`, []string{"/x unknown_field"}},
		"fields of both kinds":    {`{"quote_id":"` + link + `","source":"SKYM","destination":"EPT","amount":"30","link_id":"` + link + `"}`, []string{"/amount unknown_field", "/destination unknown_field", "/source unknown_field"}},
		"neither kind":            {`{"link_id":"` + link + `"}`, []string{"/amount required", "/destination required", "/source required"}},
		"a quote and no link":     {`{"quote_id":"` + link + `"}`, []string{"/link_id required"}},
		"a null for a quote":      {`{"quote_id":null,"link_id":"` + link + `"}`, []string{"/quote_id null"}},
		"an empty quote":          {`{"quote_id":"","link_id":"` + link + `"}`, []string{"/quote_id pattern"}},
		"an ID in capitals":       {`{"quote_id":"` + strings.ToUpper(link) + `","link_id":"` + link + `"}`, []string{"/quote_id pattern"}},
		"an ID of another kind":   {`{"quote_id":"` + link + `","link_id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"}`, []string{"/link_id pattern"}},
		"an empty reference":      {`{"quote_id":"` + link + `","link_id":"` + link + `","reference":""}`, []string{"/reference pattern"}},
		"a reference with spaces": {`{"quote_id":"` + link + `","link_id":"` + link + `","reference":"a b"}`, []string{"/reference pattern"}},
		"many things":             {`{"source":"skym","destination":"","amount":"-1","link_id":"x","reference":"\u0000\u0001","Amount":"30"}`, []string{"/Amount unknown_field", "/amount pattern", "/destination pattern", "/link_id pattern", "/reference zero_character", "/reference pattern", "/source pattern"}},
		"a field twice":           {`{"quote_id":"` + link + `","link_id":"` + link + `","link_id":"` + link + `"}`, []string{"/link_id duplicate_field"}},
		"no JSON":                 {`{"quote_id"`, []string{" json_syntax"}},
		"nothing":                 {``, []string{" body_missing"}},
		"an array":                {`[]`, []string{" type"}},
		"two objects":             {`{} {}`, []string{" json_syntax"}},
		"invalid UTF-8":           {"{\"reference\":\"\xc3\x28\"}", []string{" not_utf8"}},
		"nested JSON":             {`{"source":` + strings.Repeat(`{"a":`, 500) + `1` + strings.Repeat(`}`, 501), []string{" json_nesting"}},
		"very deep JSON":          {strings.Repeat(`[`, 60000), []string{" json_syntax"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { w.as("sky-app").convert("k", c.body).invalid(c.want...) })
	}
}

func TestOtherContentTypesAreRefused(t *testing.T) {
	w := newWorld(t)
	body := `{"source":"SKYM","destination":"EPT","amount":"30"}`
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "application/jsonx", "multipart/form-data; boundary=x", "*/*", "application/json, text/plain"} {
		w.as("sky-app").do("POST", "/v1/quotes", body, "Content-Type", media).refused(415, "unsupported_media_type")
	}
	w.as("sky-app").do("POST", "/v1/quotes", body, "Content-Type", "application/json", "Content-Encoding", "gzip").refused(415, "unsupported_media_type")
	for _, media := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8", "application/json;charset=utf-8"} {
		w.as("sky-app").do("POST", "/v1/quotes", body, "Content-Type", media).is(201)
	}
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	w := newWorld(t)
	large := `{"source":"` + strings.Repeat("A", 64<<10) + `"}`
	w.as("sky-app").post("/v1/quotes", large).refused(413, "body_too_large")
	w.as("sky-app").post("/v1/quotes", large[:60<<10]+`"}`).refused(400, "invalid_request")
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/v1/quotes", strings.NewReader(large))
	must(t, err)
	r.ContentLength = -1 // chunked: the size is not known beforehand
	r.Header.Set("Authorization", "Bearer "+w.as("sky-app").token)
	r.Header.Set("Content-Type", "application/json")
	w.as("sky-app").send(r).refused(413, "body_too_large")
}

// raw sends bytes as they are, and reads the status of the answer.
func (w *world) raw(text string, half bool) (status string) {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	must(w.t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte(text))
	must(w.t, err)
	if half {
		must(w.t, conn.(*net.TCPConn).CloseWrite())
	}
	must(w.t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	status, err = bufio.NewReader(conn).ReadString('\n')
	must(w.t, err)
	return strings.TrimSpace(status)
}

func (w *world) head(length int) string {
	return fmt.Sprintf("POST /v1/quotes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", w.as("sky-app").token, length)
}

func TestASlowBodyIsCutOff(t *testing.T) {
	w := newWorld(t)
	if got := w.raw(w.head(100), false); got != "HTTP/1.1 408 Request Timeout" {
		t.Errorf("answered %q", got)
	}
}

func TestABodyThatEndsTooSoonIsRefused(t *testing.T) {
	w := newWorld(t)
	if got := w.raw(w.head(100), true); got != "HTTP/1.1 400 Bad Request" {
		t.Errorf("answered %q", got)
	}
}

func TestAHeaderThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t)
	text := "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n"
	if got := w.raw(text, false); got != "HTTP/1.1 431 Request Header Fields Too Large" {
		t.Errorf("answered %q", got)
	}
}
