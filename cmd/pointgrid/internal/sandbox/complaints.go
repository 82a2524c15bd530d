package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

// ReviewRules are those of a sandbox: high enough that nobody meets them by chance. Its
// members all count as new, because all of them joined within its past.
func ReviewRules() config.ReviewRules {
	return config.ReviewRules{VelocityCount: 200, VelocityWithin: time.Minute, LinksCount: 6, LinksWithin: 24 * time.Hour, Shared: 3,
		YoungPoints: 400_000, YoungAge: 500 * 24 * time.Hour}
}

// heldAmount is of the retailer's points, and gives more than the rule about new
// accounts lets through.
const heldAmount = "60000000"

// complaints leave something for the pages of support: a dispute that is open, one that
// waits for the member, one that is resolved, goodwill that waits for a checker, and a
// conversion that is held. What was done before an interruption is done again, which
// changes nothing.
func (h *History) complaints(ctx context.Context) error {
	for n, c := range []struct{ reason, text string }{
		{"not_received", "昨天兑换的电信积分没有到账，请帮忙查一下。"},
		{"wrong_amount", "到账数量和页面显示的不一样。"},
		{"duplicate", "同一笔兑换好像扣了两次。"},
	} {
		if err := h.complain(ctx, n, c.reason, c.text); err != nil {
			return err
		}
	}
	goodwill := map[string]string{"kind": "goodwill", "member": h.someone(4), "points": "900", "reason": "计划外停电四小时，未提前通知", "reference": "CRM-20417"}
	if err := h.send(ctx, MakerClient, "/v1/account_actions", "complaint-goodwill", goodwill, nil); err != nil {
		return err
	}
	held := map[string]string{"source": "MART", "destination": "EPT", "amount": heldAmount, "link_id": LinkID(CompanyOf("mart"), h.Members[0]+5).String(), "reference": "LINDI-HELD-1"}
	return h.send(ctx, "mart", "/v1/conversions", "complaint-held", held, nil)
}

// someone is one of the members who convert.
func (h *History) someone(n int) string { return Member(h.Members[0] + n) }

// complain makes a conversion of the telecom's points and disputes it; how far staff
// have come differs.
func (h *History) complain(ctx context.Context, n int, reason, text string) error {
	key := fmt.Sprintf("complaint-%d", n)
	var made, dispute struct{ ID string }
	wish := map[string]string{"source": "TEL", "destination": "EPT", "amount": "3000", "link_id": LinkID(CompanyOf("tel"), h.Members[0]+n).String()}
	if err := h.send(ctx, "tel", "/v1/conversions", key, wish, &made); err != nil {
		return err
	}
	open := map[string]string{"member": h.someone(n), "kind": "conversion", "subject_id": made.ID, "reason": reason, "text": text}
	if err := h.send(ctx, UtilityClient, "/v1/disputes", key, open, &dispute); err != nil {
		return err
	}
	path := "/v1/disputes/" + dispute.ID
	switch n {
	case 1:
		return h.send(ctx, MakerClient, path+"/messages", key+"-asked", map[string]any{"version": 1, "to": "ask_member", "text": "您好，请问页面当时显示的是多少？"}, nil)
	case 2:
		return h.send(ctx, MakerClient, path+"/resolution", key+"-resolved", map[string]any{"version": 1, "outcome": "upheld", "remedy": "reverse", "amount": "3000", "goodwill": "50",
			"text": "已撤销重复的一笔，并赠送 50 积分致歉。"}, nil)
	}
	return nil
}

func (h *History) send(ctx context.Context, as, path, key string, body, answer any) error {
	c, err := h.Client(as)
	if err == nil {
		_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body, Key: key}, answer)
	}
	if err != nil {
		return fmt.Errorf("%s as %s: %w", path, as, err)
	}
	return nil
}
