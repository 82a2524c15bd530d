package gateway_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// The members of the sandbox are linked with every company and have points.
func TestTheMallSellsWhatOthersFulfil(t *testing.T) {
	ctx := context.Background()
	site := &sandbox.Site{Dir: t.TempDir()}
	url := served(ctx, t, site)
	key, _, err := site.Key(sandbox.UtilityClient)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: url, ClientID: sandbox.UtilityClient, Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	order := func(product, points string, more map[string]any) (got struct{ ID, Status, Reference string }, err error) {
		body := map[string]any{"member": sandbox.Member(1), "product": product, "quantity": 1, "price": map[string]any{"points": points, "fen": "0"}}
		for k, v := range more {
			body[k] = v
		}
		_, err = c.Do(ctx, client.Request{Method: "POST", Path: "/v1/orders", Key: "mall-" + product, Body: body}, &got)
		return got, err
	}
	for product, points := range map[string]string{"tel-points": "500", "sky-miles": "1000", "cinema": "3500"} {
		for range 2 { // the second is a repeat
			if got, err := order(product, points, nil); err != nil || got.Status != "fulfilled" {
				t.Errorf("%s: %+v, %v", product, got, err)
			}
		}
	}
	var film struct{ Codes []string }
	made, err := order("cinema", "3500", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(ctx, client.Request{Method: "GET", Path: "/v1/orders/" + made.ID}, &film); err != nil || len(film.Codes) != 1 {
		t.Errorf("the ticket has the codes %v, %v", film.Codes, err)
	}
	_, err = order("priority-maintenance", "8000", nil)
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "tier_excluded" {
		t.Errorf("for another tier: %v, want tier_excluded", err)
	}
}
