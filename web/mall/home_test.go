package mall_test

import (
	"net/http"
	"testing"

	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

func TestHomeShowsWhatCanBeUsedAndWhatExpiresFirst(t *testing.T) {
	w := newWorld(t)
	w.earn("M-1", 1_200, 3)
	w.earn("M-1", 300, 0)
	w.earn("M-2", 77_777, 5)
	pagetest.Want(t, "home", w.signedIn("M-1").Get("/mall"), http.StatusOK, "1,500", "300 expire at the end of November 2026", "李小明 M-1")
	pagetest.Want(t, "home of somebody new", w.signedIn("M-3").Get("/mall"), http.StatusOK, "No points yet")
}
