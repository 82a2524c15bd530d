package sandbox

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pointgrid/pointgrid/client"
	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// The retailer's books are not simulated beyond its Connector API: what it says of
// a day is made from what it was told of it, in the form that its finance staff
// would send, a table in GB18030 as Excel in China writes it.

// retailerKinds are the retailer's words for what we say of a line.
var retailerKinds = map[string]string{"conversion in": "扣减", "conversion out": "增加", "reversal in": "扣减撤销", "reversal out": "增加撤销"}

// slip is a mistake in the retailer's statement.
type slip uint8

const (
	faultless slip = iota
	// careless: a line is left out, and another has twelve points too many.
	careless
)

// sendStatement sends the retailer's statement of a window that is closed.
func (h *History) sendStatement(ctx context.Context, window string, s slip) error {
	c, err := h.Client("mart")
	if err != nil {
		return err
	}
	ours, err := c.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/settlements/" + window + ".mart/statement"}, nil)
	if err != nil {
		return err
	}
	theirs, err := retailerStatement(ours.Body, s)
	if err != nil {
		return err
	}
	query := url.Values{"date": {window}, "name": {"邻里商超对账单_" + strings.ReplaceAll(window, "-", "") + ".csv"}}
	_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/statements?" + query.Encode(), Body: theirs,
		Header: http.Header{"Content-Type": {"text/csv"}}}, nil)
	return err
}

// retailerStatement writes our statement as the retailer would.
func retailerStatement(ours []byte, s slip) ([]byte, error) {
	lines, err := csv.NewReader(bytes.NewReader(ours)).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("our statement: %w", err)
	}
	at := map[string]int{}
	for i, name := range lines[0] {
		at[name] = i
	}
	rows, sum := [][]string{{"商户流水号", "平台流水号", "交易类型", "交易积分", "交易时间"}}, decimal.Zero
	for n, line := range lines[1:] {
		field := func(name string) string { return line[at[name]] }
		kind, ok := retailerKinds[field("kind")+" "+field("direction")]
		if !ok || s == careless && n == 1 {
			continue // such as a line of totals
		}
		amount, err := decimal.NewFromString(field(map[string]string{"in": "from_amount", "out": "to_amount"}[field("direction")]))
		if err != nil {
			return nil, fmt.Errorf("our statement: line %d: %w", n+2, err)
		}
		if s == careless && n == 3 {
			amount = amount.Add(decimal.New(12, 0))
		}
		sum = sum.Add(amount)
		rows = append(rows, []string{field("partner_reference"), field("transfer_id"), kind, amount.StringFixed(2), field("time")})
	}
	rows = append(rows, []string{"合计", "", "", sum.StringFixed(2), ""})
	var file bytes.Buffer
	if err := csv.NewWriter(&file).WriteAll(rows); err != nil {
		return nil, err
	}
	return simplifiedchinese.GB18030.NewEncoder().Bytes(file.Bytes())
}
