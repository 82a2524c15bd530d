package idempotency_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/pointgrid/pointgrid/web/idempotency"
)

func FuzzAKeyIsTakenAsTheDocumentSays(f *testing.F) {
	for _, seed := range []string{"my-first", " ", "a b", "a,b", "\x7f", "é", "!~", ""} {
		f.Add(seed)
	}
	described := regexp.MustCompile(`^[!-~]{1,255}$`)
	f.Fuzz(func(t *testing.T, key string) {
		got, p := idempotency.Key(http.Header{"Idempotency-Key": {key}})
		if taken := p == nil; taken != described.MatchString(key) || taken && got != key {
			t.Errorf("%q: %q, %v", key, got, p)
		}
		if _, p := idempotency.Key(http.Header{"Idempotency-Key": {key, key}}); p == nil {
			t.Errorf("%q is taken twice", key)
		}
	})
}
