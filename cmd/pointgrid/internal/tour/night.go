package tour

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/receipts"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
	"github.com/pointgrid/pointgrid/partners"
)

type flow struct {
	Count int64  `json:"count"`
	From  string `json:"from"`
}

type position struct {
	Partner     string `json:"partner"`
	Window      string `json:"window"`
	In          flow   `json:"in"`
	Out         flow   `json:"out"`
	ReversedIn  flow   `json:"reversed_in"`
	ReversedOut flow   `json:"reversed_out"`
	Net         string `json:"net"`
}

// fetchReceipt waits until a checkpoint covers the first conversion.
func (t *Tour) fetchReceipt(ctx context.Context) (string, error) {
	verify, err := t.verifier(ctx)
	if err != nil {
		return "", err
	}
	var r *ledger.Receipt
	var size int
	err = await(ctx, "a checkpoint to cover the conversion", func() (bool, error) {
		resp, err := t.sky.Do(ctx, get("/v1/conversions/"+t.first.ID+"/receipt"), nil)
		if err != nil {
			return false, err
		}
		size = len(resp.Body)
		r, err = ledger.ParseReceipt(resp.Body)
		return err == nil && !r.Provisional, err
	})
	if err != nil {
		return "", err
	}
	if err := verify(r); err != nil {
		return "", err
	}
	r.Transfer.Amount++
	if err := verify(r); err == nil {
		return "", fmt.Errorf("a receipt with a changed amount verifies")
	}
	return fmt.Sprintf("%d bytes, block %d, verified offline; with one figure changed it is refused", size, r.Block), nil
}

func (t *Tour) gatewayKeys(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	resp, err := t.sky.Do(ctx, get("/.well-known/jwks.json"), nil)
	if err != nil {
		return nil, err
	}
	all, err := partners.ParseKeys(resp.Body)
	if err != nil {
		return nil, err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, k := range all {
		if pub, ok := k.Public.(ed25519.PublicKey); ok {
			keys[k.ID] = pub
		}
	}
	return keys, nil
}

// verifier checks a receipt with what a company has: the gateway's public keys,
// or the companies' root certificates.
func (t *Tour) verifier(ctx context.Context) (func(*ledger.Receipt) error, error) {
	if t.Fabric {
		alliance, err := receipts.Alliance(t.stage.Site.Profile, config.Default().Alliance.MSP, sandbox.MSPs())
		return func(r *ledger.Receipt) error { return proof.Verify(r, alliance) }, err
	}
	keys, err := t.gatewayKeys(ctx)
	return func(r *ledger.Receipt) error { return r.Verify(keys) }, err
}

// night moves the clock past the cut-off.
func (t *Tour) night(ctx context.Context) (string, error) {
	var open struct{ Positions []position }
	if _, err := t.sky.Do(ctx, get("/v1/positions"), &open); err != nil {
		return "", err
	}
	if err := same("open positions", len(open.Positions), 1); err != nil {
		return "", err
	}
	t.window = open.Positions[0].Window
	// The telecom's statement is to be wrong in one line.
	if err := t.fault(ctx, "tel", object{"verb": "statement", "kind": "misstate", "variant": "amount", "count": 1}); err != nil {
		return "", err
	}
	var clock struct{ Window string }
	if _, err := t.utility.Do(ctx, post("/v1/sandbox/clock", object{"advance": "24h"}, ""), &clock); err != nil {
		return "", err
	}
	if clock.Window == t.window {
		return "", fmt.Errorf("the window is still %s", t.window)
	}
	var p position
	if err := t.settled(ctx, "sky", &p); err != nil {
		return "", err
	}
	return fmt.Sprintf("window %s closed, %s open; the airline owes %s CNY", t.window, clock.Window, p.Net),
		firstOf(same("conversions in", p.In.Count, t.conversions), same("reversals", p.ReversedIn.Count, t.reversals))
}

func (t *Tour) settled(ctx context.Context, code string, p *position) error {
	caller, err := t.stage.Client(code)
	if err != nil {
		return err
	}
	var s struct {
		State    string
		Position position
	}
	if _, err := caller.Do(ctx, get("/v1/settlements/"+t.window+"."+code), &s); err != nil {
		return err
	}
	*p = s.Position
	return same("state", s.State, "reconciled")
}

// reconciled looks at what comparing the companies' statements of the day found:
// nothing with the airline, and with the telecom the line that is wrong.
func (t *Tour) reconciled(ctx context.Context) (string, error) {
	type breaks struct {
		Breaks []struct {
			ID, Type, Movement, State, Value string
			Blocking                         bool
			Ledger, Theirs                   struct{ Amount string }
		}
	}
	var statements struct {
		Statements []struct {
			Source string
			Lines  int64
		}
	}
	var sky, tel breaks
	for path, into := range map[string]any{"/v1/breaks?partner=sky": &sky, "/v1/breaks?partner=tel": &tel, "/v1/statements?partner=sky&date=" + t.window: &statements} {
		if _, err := t.utility.Do(ctx, get(path), into); err != nil {
			return "", err
		}
	}
	err := firstOf(same("the airline's breaks", len(sky.Breaks), 0), same("the telecom's breaks", len(tel.Breaks), 1),
		same("the airline's statements", len(statements.Statements), 1))
	if err != nil {
		return "", err
	}
	b := tel.Breaks[0]
	return fmt.Sprintf("%d lines of the airline agree with ledger and records; the telecom says %s where %s are: one break", statements.Statements[0].Lines, b.Theirs.Amount, b.Ledger.Amount),
		firstOf(same("the source", statements.Statements[0].Source, "connector"), same("the type", b.Type, "amount"), same("blocking", b.Blocking, true))
}

// readStatement reads the airline's file as finance would, and adds it up.
func (t *Tour) readStatement(ctx context.Context) (string, error) {
	resp, err := t.sky.Do(ctx, get("/v1/settlements/"+t.window+".sky/statement"), nil)
	if err != nil {
		return "", err
	}
	rows, err := csv.NewReader(strings.NewReader(string(resp.Body))).ReadAll()
	if err != nil {
		return "", err
	}
	var conversions, reversals int64
	for _, row := range rows[1:] {
		switch {
		case row[1] == "conversion" && row[2] == "in":
			conversions++
		case row[1] == "reversal":
			reversals++
		}
	}
	_, err = t.tel.Do(ctx, get("/v1/settlements/"+t.window+".sky/statement"), nil)
	if _, err = refused(err, http.StatusNotFound, "not_found"); err != nil {
		return "", fmt.Errorf("another company's statement: %w", err)
	}
	digest := sha256.Sum256(resp.Body)
	return fmt.Sprintf("%d rows, SHA-256 %x…; the telecom cannot see it", len(rows)-1, digest[:8]),
		firstOf(same("lines of conversions", conversions, t.conversions), same("lines of reversals", reversals, t.reversals))
}

// stop ends the gateway in order.
func (t *Tour) stop(ctx context.Context) (string, error) {
	var err error
	if t.keys, err = t.gatewayKeys(ctx); err != nil {
		return "", err
	}
	return "asked to end, it finished what was under way", t.stage.Gateway.Stop(patience)
}

// comparePeers waits until every company's peer has the same blocks.
func (t *Tour) comparePeers(ctx context.Context) (string, error) {
	var heights []string
	err := await(ctx, "the companies' peers to have the same blocks", func() (bool, error) {
		states, err := t.stage.Network.Status(ctx)
		heights = heights[:0]
		for _, s := range states {
			if s.Height != 0 && strings.HasPrefix(s.Name, "peer.") {
				heights = append(heights, fmt.Sprint(s.Height))
			}
		}
		return len(heights) == len(sandbox.Companies())+1 && len(slices.Compact(slices.Clone(heights))) == 1, err
	})
	return fmt.Sprintf("%d peers with %s blocks each", len(heights), heights[0]), err
}

// verifyLedger checks the whole chain of the stopped ledger.
func (t *Tour) verifyLedger(ctx context.Context) (string, error) {
	report, err := embedded.Verify(ctx, t.stage.Site.Home().Ledger(), t.keys, nil)
	if err != nil {
		return "", err
	}
	if !report.OK() {
		return "", fmt.Errorf("found %+v", report.Findings)
	}
	return fmt.Sprintf("%d blocks with %d transfers executed again, %d signatures checked", report.Blocks, report.Transfers, report.Checkpoints), nil
}

// conserve adds up every programme, and compares each with its company's own
// books.
func (t *Tour) conserve(ctx context.Context) (string, error) {
	l, err := t.stage.Site.OpenLedger(ctx, t.Now, 0)
	if err != nil {
		return "", err
	}
	defer l.Close()
	var said []string
	hub, err := sum(ctx, l, "EPT", "")
	if err != nil {
		return "", err
	}
	if err := same("sum over all EPT accounts", hub.total, int64(0)); err != nil {
		return "", err
	}
	for _, company := range sandbox.Companies() {
		inLedger, err := sum(ctx, l, company.Programme, "members/"+company.Code)
		if err != nil {
			return "", err
		}
		b, err := t.books(ctx, company.Code)
		if err != nil {
			return "", err
		}
		if company.Programme == "MART" {
			b -= t.pushed
		}
		if err := firstOf(same("sum over all "+company.Programme+" accounts", inLedger.total, int64(0)),
			same(company.Programme+" with members, ledger against the company's books", inLedger.of, b)); err != nil {
			return "", err
		}
		said = append(said, fmt.Sprintf("%s %+d", company.Programme, b))
	}
	return "every programme sums to 0; both books agree: " + strings.Join(said, ", "), nil
}

type sums struct{ total, of int64 }

func sum(ctx context.Context, l ledger.Ledger, programme, of string) (s sums, err error) {
	err = l.Balances(ctx, programme, func(b ledger.Balance) error {
		s.total += b.Amount
		if b.Account == of {
			s.of = b.Amount
		}
		return nil
	})
	return s, err
}

// positions asks for the closed window as the utility, who sees every partner.
func (t *Tour) positions(ctx context.Context) (string, error) {
	var all struct{ Positions []position }
	if _, err := t.utility.Do(ctx, get("/v1/positions?window="+t.window), &all); err != nil {
		return "", err
	}
	var said []string
	for _, p := range all.Positions {
		said = append(said, p.Partner+" "+p.Net)
	}
	return "CNY owed to the utility: " + strings.Join(said, ", "), same("positions", len(all.Positions), len(sandbox.Companies()))
}
