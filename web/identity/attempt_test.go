package identity_test

import (
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/identity"
)

// One attempt is one text: what a browser sends back is what it was given, or nothing.
func FuzzAnAttemptIsReadFromItsOwnTextOnly(f *testing.F) {
	given, err := identity.NewAttempt(strings.NewReader(strings.Repeat("\xa5", 32)))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{given.Text(), given.Text() + "=", given.Text() + "\n", strings.Repeat("_", 43), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := identity.ParseAttempt(text)
		if err == nil && a.Text() != text {
			t.Errorf("%q is read as %q", text, a.Text())
		}
	})
}
