package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/settlement/recompute"
	"github.com/shopspring/decimal"
)

// settlementID reads a settlement's ID, such as 2026-11-21.sky.
func settlementID(s string) (window ledger.Date, partner string, ok bool) {
	date, partner, ok := strings.Cut(s, ".")
	if !ok || !ledger.ValidPartner(partner) {
		return 0, "", false
	}
	window, err := ledger.ParseDate(date)
	return window, partner, err == nil
}

// settlement proves the chain and computes a partner's night from its blocks.
func (v *verifyCommand) settlement(ctx context.Context, out io.Writer, window ledger.Date, partner string) error {
	switch {
	case v.Ledger == "" && v.Profile != "":
		return v.settlementOfPeer(ctx, out, window, partner)
	case v.Ledger == "":
		return errors.New("verify: a settlement needs --ledger, the folder of the stopped ledger or the gateway's data folder, or --profile, whose peer has the blocks")
	}
	dir, keys, err := v.folder(v.Ledger)
	if err != nil {
		return err
	}
	audit := recompute.New(window, partner)
	chain, err := embedded.Replay(ctx, dir, keys, nil, audit.Add)
	if err != nil {
		return err
	}
	if err := printReport(out, chain); err != nil {
		return err
	}
	return printSettlement(out, audit.Finish())
}

// settlementOfPeer computes a partner's night from the blocks of the peer of a
// profile's home.
func (v *verifyCommand) settlementOfPeer(ctx context.Context, out io.Writer, window ledger.Date, partner string) error {
	l, _, err := asCompany{Profile: v.Profile}.connect(ctx)
	if err != nil {
		return err
	}
	report, err := recompute.FromBlocks(ctx, l, window, partner)
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	return printSettlement(out, report)
}

// printSettlement says what the night comes to, and whether that is what was
// netted.
func printSettlement(out io.Writer, r recompute.Report) error {
	p, c := &r.Position, &r.Computed
	fmt.Fprintf(out, "settlement %s.%s: %d lines, root %s\n", p.Window, p.Partner, c.Lines, c.Root)
	for _, f := range []struct {
		name string
		flow *ledger.Flow
	}{{"in", &p.In}, {"in, reversed", &p.ReversedIn}, {"out", &p.Out}, {"out, reversed", &p.ReversedOut}} {
		fmt.Fprintf(out, "  %-14s %8d transfers %14d points %20s yuan\n", f.name, f.flow.Count, f.flow.EPT, yuan(f.flow.Value))
	}
	fmt.Fprintf(out, "  %-14s %8d %30s %20s yuan\n", "adjusted", p.Adjusted.Count, "", yuan(p.Adjusted.Value))
	for _, f := range r.Findings {
		fmt.Fprintln(out, "found:", f)
	}
	if !r.OK() {
		return errReported
	}
	fmt.Fprintf(out, "net %s yuan and %s brought forward are %s paid by the partner, %s paid to it, and %s carried; the ledger says the same\n",
		yuan(c.Net), yuan(c.Brought), yuan(c.Pay*ledger.FenMillionths), yuan(c.Receive*ledger.FenMillionths), yuan(c.Carried))
	return nil
}

// yuan formats millionths of a yuan.
func yuan(millionths int64) string { return decimal.New(millionths, -6).StringFixed(6) }
