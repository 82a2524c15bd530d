package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/agreements"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/recompute"
)

type settlementCommand struct {
	List    settlementList    `cmd:"" help:"Show the last settlements and how far they are."`
	Show    settlementShow    `cmd:"" help:"Show what a settlement comes to, and who took which step."`
	Sign    settlementSign    `cmd:"" help:"Compute a settlement again from the blocks alone, and sign it when it agrees to the fen."`
	Dispute settlementDispute `cmd:"" help:"Refuse to sign a settlement, with a reason."`
}

type settlementList struct {
	asCompany
	Partner string `placeholder:"CODE" help:"Only those of this partner."`
	Days    int    `default:"14" help:"How many windows back, 1 to 366."`
}

// Run prints a table, newest first.
func (c *settlementList) Run(ctx context.Context) error {
	if c.Days < 1 || c.Days > 366 {
		return fmt.Errorf("--days is %d, must be 1 to 366", c.Days)
	}
	return c.as(ctx, func(company *agreements.Company) error {
		partners, err := company.Ledger.Partners(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SETTLEMENT\tSTATE\tLINES\tNET\tPARTNER PAYS\tPARTNER IS PAID\tBREAKS\tDIGEST")
		for _, p := range partners {
			if c.Partner != "" && c.Partner != p.Code {
				continue
			}
			if err := c.of(ctx, company.Ledger, table, p.Code); err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

// of writes the settlements of one partner, back from the last that was netted.
func (c *settlementList) of(ctx context.Context, l ledger.Ledger, out io.Writer, partner string) error {
	due, err := l.Due(ctx, partner)
	if err != nil {
		return err
	}
	for window := due.Window - 1; window > due.Window-1-ledger.Date(c.Days); window-- {
		s, err := l.Settlement(ctx, partner, window)
		if errors.Is(err, ledger.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f := &s.Figures
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%d\t%.16s\n", settlement.ID(window, partner), s.Step, f.Lines, yuan(f.Net),
			yuan(f.Pay*ledger.FenMillionths), yuan(f.Receive*ledger.FenMillionths), s.Breaks.Found, s.Digest())
	}
	return nil
}

// settlementName is the settlement that a command is about.
type settlementName struct {
	ID string `arg:"" name:"settlement" help:"A settlement such as 2026-11-21.sky."`
}

// find reads it from the ledger.
func (n settlementName) find(ctx context.Context, l ledger.Ledger) (*ledger.Settlement, error) {
	window, partner, ok := settlementID(n.ID)
	if !ok {
		return nil, fmt.Errorf("settlement %q is not a window and a partner, such as 2026-11-21.sky", n.ID)
	}
	s, err := l.Settlement(ctx, partner, window)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, fmt.Errorf("settlement %s is not netted on the ledger: %w", n.ID, err)
	}
	return &s, err
}

type settlementShow struct {
	asCompany
	settlementName
}

// Run prints one.
func (c *settlementShow) Run(ctx context.Context) error {
	return c.as(ctx, func(company *agreements.Company) error {
		s, err := c.find(ctx, company.Ledger)
		if err != nil {
			return err
		}
		return showSettlement(os.Stdout, s)
	})
}

func showSettlement(out io.Writer, s *ledger.Settlement) error {
	f := &s.Figures
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{{"settlement", settlement.ID(s.Window, s.Partner)}, {"state", s.Step.String()}, {"lines", fmt.Sprint(f.Lines)}, {"root", f.Root.String()},
		{"net", yuan(f.Net) + " yuan owed by the partner"}, {"brought", yuan(f.Brought)}, {"pay", yuan(f.Pay*ledger.FenMillionths) + " by the partner"},
		{"receive", yuan(f.Receive*ledger.FenMillionths) + " by the partner"}, {"carried", yuan(f.Carried)},
		{"breaks", fmt.Sprintf("%d found, %d of them moved on, root %s", s.Breaks.Found, s.Breaks.Open, s.Breaks.Root)}, {"digest", s.Digest().String()}} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	for i := range s.Marks {
		m := &s.Marks[i]
		fmt.Fprintf(table, "%s\t%s by %s/%s %s\n", m.Step, time.UnixMilli(m.At).UTC().Format(time.RFC3339), m.By.MSP, m.By.Subject, m.Text)
	}
	return table.Flush()
}

type settlementSign struct {
	asCompany
	settlementName
	Digest string `placeholder:"HEX" help:"Digest that the company computed from its own books; nothing is signed when the ledger has another."`
	Ledger string `type:"existingdir" placeholder:"FOLDER" help:"Blocks of an embedded ledger from which to compute, instead of those of the company's peer."`
	Yes    bool   `help:"Sign what was computed without asking, where --digest does not say what to expect."`
}

// Run computes the night from blocks, and signs what it comes to.
func (c *settlementSign) Run(ctx context.Context) error {
	return c.as(ctx, func(company *agreements.Company) error {
		s, err := c.find(ctx, company.Ledger)
		if err != nil {
			return err
		}
		report, err := c.recompute(ctx, company.Ledger, s)
		if err != nil {
			return err
		}
		if err := printSettlement(os.Stdout, report); err != nil {
			return errors.Join(errors.New("nothing was signed: the blocks do not come to what the ledger says"), err)
		}
		computed := *s
		computed.Figures = report.Computed // not what anybody said, but what the blocks come to
		digest := computed.Digest()
		if digest != s.Digest() {
			return fmt.Errorf("nothing was signed: the blocks come to the digest %s, the settlement on the ledger has %s", digest, s.Digest())
		}
		if err := showSettlement(os.Stdout, s); err != nil {
			return err
		}
		if err := c.meant(ctx, digest); err != nil {
			return err
		}
		if err := company.Give(ctx, &ledger.AdvanceSettlement{Partner: s.Partner, Window: s.Window, Step: ledger.SettlementSigned, Digest: digest}); err != nil {
			return err
		}
		fmt.Printf("%s signed settlement %s\n", company.Identity.MSP, c.ID)
		return nil
	})
}

func (c *settlementSign) recompute(ctx context.Context, l ledger.Ledger, s *ledger.Settlement) (recompute.Report, error) {
	if c.Ledger == "" {
		blocks, ok := l.(ledger.Blocks)
		if !ok {
			return recompute.Report{}, errors.New("this home of the ledger does not show its blocks; give --ledger")
		}
		return recompute.FromBlocks(ctx, blocks, s.Window, s.Partner)
	}
	dir, keys, err := (&verifyCommand{}).folder(c.Ledger)
	if err != nil {
		return recompute.Report{}, err
	}
	audit := recompute.New(s.Window, s.Partner)
	chain, err := embedded.Replay(ctx, dir, keys, nil, audit.Add)
	if err != nil {
		return recompute.Report{}, err
	}
	if !chain.OK() {
		return recompute.Report{}, errors.Join(errors.New("nothing was signed: the chain of blocks is damaged"), printReport(os.Stdout, chain))
	}
	return audit.Finish(), nil
}

// meant reports whether this is what the company agreed to.
func (c *settlementSign) meant(ctx context.Context, digest ledger.Hash) error {
	if c.Digest != "" && c.Digest != digest.String() {
		return fmt.Errorf("nothing was signed: the settlement has the digest %s, not %s", digest, c.Digest)
	}
	if c.Yes || c.Digest != "" {
		return nil
	}
	return confirm(ctx, os.Stdin, os.Stdout, "Sign this settlement? [y/N] ")
}

type settlementDispute struct {
	asCompany
	settlementName
	Reason string `required:"" help:"Why, at most 200 bytes; everybody on the ledger can read it."`
}

// Run disputes.
func (c *settlementDispute) Run(ctx context.Context) error {
	return c.as(ctx, func(company *agreements.Company) error {
		s, err := c.find(ctx, company.Ledger)
		if err != nil {
			return err
		}
		if err := company.Give(ctx, &ledger.AdvanceSettlement{Partner: s.Partner, Window: s.Window, Step: ledger.SettlementDisputed, Text: c.Reason}); err != nil {
			return err
		}
		fmt.Printf("%s disputed settlement %s\n", company.Identity.MSP, c.ID)
		return nil
	})
}
