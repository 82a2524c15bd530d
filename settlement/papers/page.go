package papers

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"html/template"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

//go:embed statement.html
var statementPage string

//go:embed statement.css
var statementStyle string

// StyleHash is what a content security policy allows the page's style by, as
// 'sha256-…'.
func StyleHash() string {
	sum := sha256.Sum256([]byte(statementStyle))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// sheet is what a page shows.
type sheet struct {
	Style            template.CSS
	Utility, Partner string
	Heading          paper.Heading
	S                *settlement.Settlement
	Digest           ledger.Hash
	Flows            []flow
	Zone             *time.Location
	Who              func(ledger.Identity) string
}

// flow is one row of the sums.
type flow struct {
	ZH, EN           string
	From, To         string // programmes
	Sums             ledger.Flow
	FromScale, Scale uint8
	Sign             string
}

var pageFunctions = template.FuncMap{
	"yuan":    func(n int64) string { return grouped(n, 6) },
	"fen":     func(n int64) string { return grouped(n, 2) },
	"points":  func(n int64, scale uint8) string { return grouped(n, int32(scale)) },
	"channel": channelName,
	"step":    stepName,
	"state":   stateName,
	"moment": func(at int64, zone *time.Location) string {
		return time.UnixMilli(at).In(zone).Format("2006-01-02 15:04:05 -07:00")
	},
}

// grouped writes a number with decimals, and a comma before each three digits.
func grouped(n int64, decimals int32) string {
	s := decimal.New(n, -decimals).StringFixed(decimals)
	whole, _, _ := strings.Cut(s, ".")
	for at := len(whole) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func channelName(c netting.Channel) string {
	return map[netting.Channel]string{netting.Bilateral: "双边轧差 bilateral", netting.GrossIn: "兑入全额 gross in", netting.GrossOut: "兑出全额 gross out",
		netting.Clearing: "多边清算 clearing"}[c]
}

func stepName(s ledger.SettlementStep) string {
	return map[ledger.SettlementStep]string{ledger.SettlementNetted: "已轧差 netted", ledger.SettlementReconciled: "已对账 reconciled", ledger.SettlementProposed: "提交签署 proposed",
		ledger.SettlementSigned: "已签署 signed", ledger.SettlementDisputed: "有异议 disputed", ledger.SettlementPaid: "已付款 paid", ledger.SettlementSettled: "已结清 settled"}[s]
}

// stateName is what the pages of the console call a state, in both languages.
func stateName(s settlement.State) string {
	return map[settlement.State]string{settlement.Netted: "已轧差 netted", settlement.Reconciled: "已对账 reconciled", settlement.Proposed: "待签署 proposed",
		settlement.Signed: "已签署 signed", settlement.Disputed: "有异议 disputed", settlement.Paid: "已付款 paid", settlement.Settled: "已结清 settled"}[s]
}

// Page returns a settlement's statement as a page to print on A4: its sums, how they
// became a payment, and who signed. The transfers themselves are in the CSV whose
// digest it names. who says what the reader calls those who took its steps; with nil
// they are called as the ledger does. It returns [ErrNotNetted].
func (s *Service) Page(ctx context.Context, one *settlement.Settlement, who func(ledger.Identity) string) ([]byte, error) {
	if one.State == settlement.Closed {
		return nil, ErrNotNetted
	}
	heading, err := s.heading(ctx, one)
	if err != nil {
		return nil, err
	}
	page, err := template.New("statement").Funcs(pageFunctions).Parse(statementPage)
	if err != nil {
		return nil, err
	}
	if who == nil {
		who = func(by ledger.Identity) string { return by.Subject }
	}
	var out bytes.Buffer
	err = page.Execute(&out, sheet{Style: template.CSS(statementStyle), Utility: s.o.Names[""], Partner: s.o.Names[one.Partner], Heading: heading, S: one,
		Digest: (&ledger.Settlement{Partner: one.Partner, Window: one.Window, Figures: one.Figures, Breaks: one.Breaks}).Digest(),
		Flows:  flows(&heading, &one.Position), Zone: s.o.Zone, Who: who})
	return out.Bytes(), err
}

func flows(h *paper.Heading, p *ledger.Position) []flow {
	theirs, ours, scale := h.Partner.Programme, h.Hub, h.Partner.Scale
	return []flow{{"兑入", "in", theirs, ours, p.In, scale, 0, "+"}, {"兑入冲正", "in, reversed", theirs, ours, p.ReversedIn, scale, 0, "−"},
		{"兑出", "out", ours, theirs, p.Out, 0, scale, "−"}, {"兑出冲正", "out, reversed", ours, theirs, p.ReversedOut, 0, scale, "+"}}
}
