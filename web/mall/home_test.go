package mall_test

import (
	"net/http"
	"testing"
)

func TestHomeShowsWhatCanBeUsedAndWhatExpiresFirst(t *testing.T) {
	w := newWorld(t)
	w.earn("M-1", 1_200, 3)
	w.earn("M-1", 300, 0)
	w.earn("M-2", 77_777, 5)
	want(t, "home", w.signedIn("M-1").get("/mall"), http.StatusOK, "1,500", "300 expire at the end of November 2026", "李小明 M-1")
	want(t, "home of somebody new", w.signedIn("M-3").get("/mall"), http.StatusOK, "No points yet")
}
