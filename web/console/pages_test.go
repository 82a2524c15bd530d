package console_test

import (
	"net/http"
	"testing"
)

func TestPagesOpen(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	w.report(finding("sky", d, 3))
	b := w.signedIn("maker")
	for _, p := range []string{"/console", "/console/nights/" + d.String(), "/console/settlements/" + d.String() + ".sky", "/console/settlements/" + d.String() + ".sky/lines",
		"/console/settlements/" + d.String() + ".sky/print", "/console/settlements/" + d.String() + ".sky/propose", "/console/settlements/" + d.String() + ".sky/statement.csv",
		"/console/settlements/" + d.String() + ".sky/statement.xlsx", "/console/settlements/" + d.String() + ".sky/journal.csv",
		"/console/breaks", "/console/breaks/00000000000000000000000000000003", "/console/trends", "/console/payments"} {
		want(t, p, b.get(p), http.StatusOK)
	}
	a := w.signedIn("admin")
	for _, p := range []string{"/console", "/console/users", "/console/users/maker", "/console/users/admin", "/console/users?company=sky"} {
		want(t, p, a.get(p), http.StatusOK)
	}
	t.Log(w.log)
}
