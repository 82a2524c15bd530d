package gateway

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards"
)

// exportPage is how many rows of an export are in memory at a time.
const exportPage = 200

// The types of this file are the parts of an export; docs/privacy.md describes them.
// Amounts are strings of digits in the smallest unit, times RFC 3339.

type exportedLot struct {
	Expiry string `json:"expiry"` // month
	Amount string `json:"amount"`
}

type exportedBalance struct {
	Available string        `json:"available"`
	Held      string        `json:"held"`
	Debt      string        `json:"debt"`
	Frozen    bool          `json:"frozen"`
	Lots      []exportedLot `json:"lots"`
}

type exportedTransfer struct {
	ID        string        `json:"id"`
	Kind      string        `json:"kind"`
	At        string        `json:"at"`
	Window    string        `json:"window"`
	Amount    string        `json:"amount"`
	Lots      []exportedLot `json:"lots,omitempty"`
	House     string        `json:"house,omitempty"`
	Reference string        `json:"reference,omitempty"`
	Reason    string        `json:"reason,omitempty"`
}

type exportedLink struct {
	ID         string `json:"id"`
	Partner    string `json:"partner"`
	Membership string `json:"membership"`
	Text       string `json:"consent_text_version"`
	Channel    string `json:"consent_channel"`
	GivenAt    string `json:"consent_given_at"`
	CreatedAt  string `json:"created_at"`
	EndedAt    string `json:"ended_at,omitempty"`
}

type exportedConversion struct {
	ID                    string             `json:"id"`
	AskedBy               string             `json:"asked_by"` // client
	Source                string             `json:"source"`
	Destination           string             `json:"destination"`
	From                  string             `json:"amount"`
	To                    string             `json:"destination_amount"`
	Fee                   string             `json:"fee"`
	SourceMembership      string             `json:"source_membership,omitempty"`
	DestinationMembership string             `json:"destination_membership,omitempty"`
	Status                string             `json:"status"`
	SourceReference       string             `json:"source_reference,omitempty"`
	DestinationReference  string             `json:"destination_reference,omitempty"`
	Failure               string             `json:"failure,omitempty"`
	CreatedAt             string             `json:"created_at"`
	FinishedAt            string             `json:"finished_at,omitempty"`
	Reversals             []exportedReversal `json:"reversals,omitempty"`
}

type exportedReversal struct {
	ID        string `json:"id"`
	Amount    string `json:"amount"`
	Reason    string `json:"reason,omitempty"`
	Status    string `json:"status"`
	CreatedAt string `json:"created_at"`
}

type exportedEvent struct {
	ID          string              `json:"id"`
	Kind        string              `json:"kind"`
	Channel     string              `json:"channel"`
	Segment     string              `json:"segment,omitempty"`
	Contract    string              `json:"contract_account,omitempty"`
	OccurredAt  string              `json:"occurred_at"`
	ReceivedAt  string              `json:"received_at"`
	Fen         string              `json:"amount_fen"`
	State       string              `json:"state"`
	Points      string              `json:"points"`
	Tier        string              `json:"tier,omitempty"`
	Explanation rewards.Explanation `json:"explanation"`
	CancelledAt string              `json:"cancelled_at,omitempty"`
	Reason      string              `json:"cancel_reason,omitempty"`
}

type exportedTier struct {
	Tier   string `json:"tier"`
	Since  string `json:"since"`
	Earned string `json:"earned"`
}

type exportedAnnouncement struct {
	Expiry    string `json:"expiry"`
	Days      int    `json:"days"`
	Amount    string `json:"amount"`
	CreatedAt string `json:"created_at"`
}

type exportedOrder struct {
	ID         string           `json:"id"`
	Product    string           `json:"product"`
	Name       mall.Text        `json:"name"`
	Quantity   string           `json:"quantity"`
	Points     string           `json:"points"` // of one unit
	Fen        string           `json:"fen"`
	Channel    string           `json:"channel,omitempty"`
	Tier       string           `json:"tier,omitempty"`
	Contract   string           `json:"contract_account,omitempty"`
	Address    *mall.Address    `json:"address,omitempty"`
	Status     string           `json:"status"`
	Reference  string           `json:"reference,omitempty"`
	CreatedAt  string           `json:"created_at"`
	FinishedAt string           `json:"finished_at,omitempty"`
	Returns    []exportedReturn `json:"returns,omitempty"`
}

type exportedReturn struct {
	ID        string `json:"id"`
	Quantity  string `json:"quantity"`
	Points    string `json:"points"`
	Fen       string `json:"fen"`
	Reason    string `json:"reason"`
	Completed bool   `json:"completed"`
	CreatedAt string `json:"created_at"`
}

func amountText(n int64) string { return strconv.FormatInt(n, 10) }

// timeText is empty for a time that there is not.
func timeText(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

func exportedLots(lots []ledger.Lot) []exportedLot {
	out := make([]exportedLot, len(lots))
	for i, l := range lots {
		out[i] = exportedLot{l.Expiry.String(), amountText(l.Amount)}
	}
	return out
}

// exportLedger writes the balance, and what the projection has of the account's
// transfers.
func (g *Gateway) exportLedger(ctx context.Context, m *members.Member, d *members.Document) error {
	state, err := g.Ledger.Account(ctx, m.Account)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	held := int64(0)
	for _, h := range state.Holds {
		held += h.Amount
	}
	if err := d.Value("balance", exportedBalance{Available: amountText(state.Available()), Held: amountText(held), Debt: amountText(state.Debt),
		Frozen: state.Frozen, Lots: exportedLots(state.Lots)}); err != nil || g.Projection == nil {
		return err
	}
	if err := d.List("transfers"); err != nil {
		return err
	}
	for before := (*ledger.Locator)(nil); ; {
		page, err := g.Store.History(ctx, m.Account, before, exportPage)
		if err != nil {
			return err
		}
		for i := range page {
			t := &page[i].Transfer
			if err := d.Add(exportedTransfer{ID: t.ID.String(), Kind: t.Kind.String(), At: timeText(t.At), Window: t.Window.String(), Amount: amountText(t.Amount),
				Lots: exportedLots(t.Lots), House: t.To, Reference: t.Reference, Reason: t.Reason}); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		before = &page[len(page)-1].Locator
	}
}

func (g *Gateway) exportExchange(ctx context.Context, m *members.Member, d *members.Document) error {
	links, err := g.Store.LinksEver(ctx, m.Number)
	if err != nil {
		return err
	}
	if err := d.List("links"); err != nil {
		return err
	}
	for _, l := range links {
		if err := d.Add(exportedLink{ID: l.ID.String(), Partner: l.Partner, Membership: l.Membership, Text: l.Consent.TextVersion,
			Channel: l.Consent.Channel, GivenAt: timeText(l.Consent.GivenAt), CreatedAt: timeText(l.CreatedAt), EndedAt: timeText(l.EndedAt)}); err != nil {
			return err
		}
	}
	if err := d.List("conversions"); err != nil {
		return err
	}
	for after := (ledger.ID{}); ; {
		page, err := g.Store.ConversionsOf(ctx, m.Number, after, exportPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := g.exportConversion(ctx, c, d); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

func (g *Gateway) exportConversion(ctx context.Context, c *exchange.Conversion, d *members.Document) error {
	reversals, err := g.Store.Reversals(ctx, c.ID)
	if err != nil {
		return err
	}
	out := exportedConversion{ID: c.ID.String(), AskedBy: c.Party.Client, Source: c.Source, Destination: c.Destination, From: amountText(c.From), To: amountText(c.To),
		Fee: amountText(c.Fee), SourceMembership: c.SourceMembership, DestinationMembership: c.DestinationMembership, Status: string(c.Status),
		SourceReference: c.SourceReference, DestinationReference: c.DestinationReference, CreatedAt: timeText(c.CreatedAt), FinishedAt: timeText(c.FinishedAt)}
	if c.Failure != nil {
		out.Failure = c.Failure.Code
	}
	for _, r := range reversals {
		out.Reversals = append(out.Reversals, exportedReversal{r.ID.String(), amountText(r.Amount), r.Reason, string(r.Status), timeText(r.CreatedAt)})
	}
	return d.Add(out)
}

func (g *Gateway) exportRewards(ctx context.Context, m *members.Member, d *members.Document) error {
	way, err := g.Rewards.Way(ctx, m.Number)
	switch {
	case err == nil:
		err = d.Value("tier", exportedTier{way.Tier, way.Since.String(), amountText(way.Earned)})
	case errors.Is(err, rewards.ErrNotFound):
		err = nil
	}
	if err != nil {
		return err
	}
	if err := d.List("reward_events"); err != nil {
		return err
	}
	for before := (*rewards.Place)(nil); ; {
		page, err := g.Rewards.History(ctx, m.Number, before, exportPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := d.Add(exportedEvent{ID: r.ID, Kind: string(r.Kind), Channel: string(r.Channel), Segment: r.Segment, Contract: r.Contract,
				OccurredAt: timeText(r.OccurredAt), ReceivedAt: timeText(r.ReceivedAt), Fen: amountText(r.Amount), State: string(r.State), Points: amountText(r.Points),
				Tier: r.Tier, Explanation: r.Explanation, CancelledAt: timeText(r.CancelledAt), Reason: r.CancelReason}); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			break
		}
		last := page[len(page)-1]
		before = &rewards.Place{Day: last.Day, Member: last.Member, ID: last.ID}
	}
	return g.exportAnnouncements(ctx, m, d)
}

func (g *Gateway) exportAnnouncements(ctx context.Context, m *members.Member, d *members.Document) error {
	if err := d.List("expiry_announcements"); err != nil {
		return err
	}
	for after := int64(0); ; {
		page, err := g.Store.ExpiryAnnouncements(ctx, m.Account, after, exportPage)
		if err != nil {
			return err
		}
		for _, a := range page {
			if err := d.Add(exportedAnnouncement{a.Expiry.String(), a.Days, amountText(a.Amount), timeText(a.CreatedAt)}); err != nil {
				return err
			}
			after = a.Sequence
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

func (g *Gateway) exportMall(ctx context.Context, m *members.Member, d *members.Document) error {
	if err := d.List("orders"); err != nil {
		return err
	}
	for before := (ledger.ID{}); ; {
		page, err := g.Store.MallOrders(ctx, mall.OrderFilter{Member: m.Number, Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := g.exportOrder(ctx, o, d); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		before = page[len(page)-1].ID
	}
}

func (g *Gateway) exportOrder(ctx context.Context, o *mall.Order, d *members.Document) error {
	returns, err := g.Store.Returns(ctx, o.ID)
	if err != nil {
		return err
	}
	out := exportedOrder{ID: o.ID.String(), Product: o.Product, Name: o.Name, Quantity: amountText(o.Quantity), Points: amountText(o.Points), Fen: amountText(o.Fen),
		Channel: o.Channel, Tier: o.Tier, Contract: o.ContractAccount, Address: o.Address, Status: string(o.Status), Reference: o.Reference,
		CreatedAt: timeText(o.CreatedAt), FinishedAt: timeText(o.FinishedAt)}
	for _, r := range returns {
		out.Returns = append(out.Returns, exportedReturn{r.ID.String(), amountText(r.Quantity), amountText(r.Points), amountText(r.Fen), r.Reason, r.Completed, timeText(r.CreatedAt)})
	}
	return d.Add(out)
}
