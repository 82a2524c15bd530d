package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

func TestNothingIsLostWhenTheServerIsLostAndItsStandbyPromoted(t *testing.T) {
	if testing.Short() {
		t.Skip("two servers are loaded; run without -short")
	}
	server := pgtest.Start(t, pgtest.Options{})
	standby, err := server.NewStandby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Close(); err != nil {
			t.Error(err)
		}
	})
	s := openAtURL(t, pgtest.URLOf(server, standby))
	underLoad(t, s, func() {
		more(t, s, 30)
		if err := server.Kill(); err != nil {
			t.Error(err)
			return
		}
		if err := standby.Promote(); err != nil {
			t.Error(err)
			return
		}
		more(t, s, 30)
	})
}
