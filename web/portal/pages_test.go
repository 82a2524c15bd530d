package portal_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/portal"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

func pages(t testing.TB) *page.Set {
	t.Helper()
	s, err := page.New(page.Options{Families: []page.Family{entrance.Family(), portal.Family()}, Location: time.FixedZone("Asia/Shanghai", 8*3600),
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryPageParsesAndHasItsWordsInBothLanguages(t *testing.T) { pages(t) }
