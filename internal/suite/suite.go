// Package suite is what the conformance suites of ports share: an implementation
// passes when it keeps each promise, and each gets a port of its own.
package suite

import (
	"errors"
	"reflect"
	"testing"
)

// Promises are the behaviours of a port, each named by a sentence.
type Promises[Port any] []struct {
	Name string
	Keep func(t *testing.T, p Port)
}

// Run holds a port to its promises. Open makes an empty one, which ends with the
// test.
func Run[Port any](t *testing.T, open func(t *testing.T) Port, promises Promises[Port]) {
	for _, p := range promises {
		t.Run(p.Name, func(t *testing.T) { p.Keep(t, open(t)) })
	}
}

// Must ends the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantErr fails the test unless err is want, as [errors.Is] sees it.
func WantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// WantEqual fails the test unless both are deeply equal.
func WantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
