package problem_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/web/problem"
)

func TestAProblemIsSentAsItsStandardSays(t *testing.T) {
	p := problem.New(422, "amount_off_step", "must be a multiple of 3")
	p.ConversionID = "0198c5a1-8000-7c3a-9d0e-3f1f6a2b4c50"
	w := httptest.NewRecorder()
	p.Write(w)
	want := `{"type":"https://pointgrid.example/problems/amount_off_step","title":"Amount off step","status":422,` +
		`"code":"amount_off_step","detail":"must be a multiple of 3","conversion_id":"0198c5a1-8000-7c3a-9d0e-3f1f6a2b4c50"}`
	if w.Code != 422 || w.Body.String() != want || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("sent %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestAnInvalidRequestListsEverythingThatIsWrong(t *testing.T) {
	p := problem.Invalid(problem.At("", "json_syntax", "x"), problem.Parameter("limit", "out_of_range", "y"))
	want := `{"type":"https://pointgrid.example/problems/invalid_request","title":"Invalid request","status":400,"code":"invalid_request",` +
		`"detail":"2 things are wrong with the request","errors":[{"pointer":"","code":"json_syntax","detail":"x"},` +
		`{"parameter":"limit","code":"out_of_range","detail":"y"}]}`
	if got := string(p.Bytes()); got != want {
		t.Errorf("got %s", got)
	}
}

func TestRetryAfterIsWholeSecondsRoundedUp(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2"} {
		p := problem.New(503, "busy", "")
		p.RetryAfter = after
		w := httptest.NewRecorder()
		p.Write(w)
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%s: Retry-After %q, want %q", after, got, want)
		}
	}
}
