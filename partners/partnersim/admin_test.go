package partnersim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// sim calls the administration and returns the status and the answer.
func (r *running) sim(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+"/sim"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, got
}

func TestTheAdministrationOpensShowsAndSpends(t *testing.T) {
	host := start(t, nil)
	for _, c := range []struct {
		method, path, body string
		status             int
		field, want        string
	}{
		{"POST", "/members", `{"membership":"A/1","balance":"70"}`, 200, "balance", "70"},
		{"POST", "/members", `{"membership":"A/1","balance":"70"}`, 409, "code", "invalid_request"},
		{"POST", "/members", `{"membership":"A 1","balance":"70"}`, 400, "code", "invalid_request"},
		{"POST", "/members", `{"membership":"B","balance":"-70"}`, 400, "code", "invalid_request"},
		{"POST", "/members", `{"membership":"B","balance":70}`, 400, "code", "invalid_request"},
		{"POST", "/members", `{"membership":"B","balance":"7","colour":"red"}`, 400, "code", "invalid_request"},
		{"GET", "/members/A%2F1", "", 200, "status", "active"},
		{"GET", "/members/nobody", "", 404, "code", "not_found"},
		{"POST", "/members/A%2F1/spend", `{"amount":"71"}`, 409, "code", "invalid_request"},
		{"POST", "/members/A%2F1/spend", `{"amount":"30"}`, 200, "balance", "40"},
		{"PUT", "/members/A%2F1", `{"status":"closed"}`, 200, "status", "closed"},
		{"PUT", "/members/A%2F1", `{"status":"unknown"}`, 400, "code", "invalid_request"},
		{"PUT", "/members/nobody", `{"status":"closed"}`, 404, "code", "not_found"},
		{"GET", "/books", "", 200, "balances", "10040"},
		{"GET", "/books", "", 200, "spent", "30"},
	} {
		status, got := host.sim(t, c.method, c.path, c.body)
		if status != c.status || got[c.field] != c.want {
			t.Errorf("%s %s %s: got %d, %v; want %d, %s %s", c.method, c.path, c.body, status, got, c.status, c.field, c.want)
		}
	}
	_, list := host.sim(t, "GET", "/members?after=SKY-000008", "")
	if members, ok := list["members"].([]any); !ok || len(members) != 2 {
		t.Errorf("after SKY-000008: got %v, want two members", list)
	}
}

func TestTheAdministrationSetsAndClearsFaultsWhileTheHostIsDown(t *testing.T) {
	host := start(t, nil)
	client := host.client(t, nil)
	if status, got := host.sim(t, "PUT", "/faults", `{"faults":[{"verb":"*","kind":"down"}]}`); status != 200 {
		t.Fatalf("got %d, %v", status, got)
	}
	if _, err := client.Debit(t.Context(), transfer(t, 1)); !connector.Unknown(err) {
		t.Fatalf("got %v, want unknown", err)
	}
	if _, got := host.sim(t, "POST", "/faults", `{"verb":"debit","kind":"hang","count":2,"delay_ms":5}`); len(got["faults"].([]any)) != 2 {
		t.Fatalf("got %v, want two faults", got)
	}
	for _, bad := range []string{`{"faults":[{"verb":"*","kind":"nosuch"}]}`, `{"faults":[{"verb":"*","kind":"hang","delay_ms":-1}]}`, `[]`} {
		if status, got := host.sim(t, "PUT", "/faults", bad); status != 400 {
			t.Errorf("%s: got %d, %v", bad, status, got)
		}
	}
	if _, got := host.sim(t, "DELETE", "/faults", ""); len(got["faults"].([]any)) != 0 {
		t.Fatalf("got %v, want no faults", got)
	}
	if a, err := client.Debit(t.Context(), transfer(t, 1)); err != nil || a.Outcome != connector.Done {
		t.Fatalf("got %+v, %v", a, err)
	}
}
