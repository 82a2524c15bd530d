package api

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/problem"
)

func renderRewardTerms(t *rewards.Terms) RewardTerms {
	out := RewardTerms{Code: t.Code, Name: t.Name, Kind: RewardKind(t.Kind), EffectiveFrom: instantText(t.From), Fixed: points(t.Fixed),
		DayCap: points(t.DayCap), Segments: t.Segments, Tiers: t.Tiers, LotMonths: t.LotMonths}
	if t.Until != 0 {
		out.EffectiveUntil = instantText(t.Until)
	}
	for _, s := range t.Steps {
		out.Steps = append(out.Steps, RewardStep{From: points(s.From), PerYuan: s.PerYuan.String()})
	}
	for c, f := range t.Channels {
		out.Channels = append(out.Channels, RewardFactor{Channel: string(c), Factor: f.String()})
	}
	slices.SortFunc(out.Channels, func(a, b RewardFactor) int { return strings.Compare(a.Channel, b.Channel) })
	return out
}

func instantText(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

func (a *API) registerMembers(r *request, body MemberRegistration) (reply, error) {
	members, err := a.o.Rewards.Register(r.context(), body.Members)
	if err != nil {
		return reply{}, err
	}
	out := MemberList{Members: make([]RegisteredMember, len(members))}
	for i := range members {
		out.Members[i] = RegisteredMember{Member: members[i].Number, Account: members[i].Account.String()}
	}
	return ok(&out), nil
}

// member returns the member whose account stands in the path.
func (r *request) member() (string, error) {
	var account ledger.Account
	if account.UnmarshalText([]byte(r.c.Param("account"))) != nil || account.IsZero() {
		return "", rewards.ErrNotFound
	}
	return r.a.o.Rewards.MemberOf(r.context(), account)
}

func (a *API) getMemberTier(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	member, err := r.member()
	if err != nil {
		return reply{}, err
	}
	way, err := a.o.Rewards.Way(r.context(), member)
	if err != nil {
		return reply{}, err
	}
	return ok(renderWay(&way)), nil
}

func renderWay(w *rewards.Way) *MemberTier {
	p := w.Now.Privileges
	out := &MemberTier{Member: w.Member, Tier: w.Now.Code, Name: w.Now.Name, NameZh: w.Now.NameZH, Since: w.Since.String(), Earned: points(w.Earned),
		Privileges: TierPrivileges{ConversionBonusBps: p.ConversionBonus, LimitsPercent: p.Limits, ExclusiveShelf: p.Shelf, FastChannel: p.Fast}}
	if w.Until != 0 {
		out.KeptUntil = w.Until.String()
	}
	if n := w.Next; n != nil {
		out.Next = &NextTier{Tier: n.Code, Name: n.Name, NameZh: n.NameZH, From: points(n.From), Missing: points(w.Missing)}
	}
	return out
}

func (a *API) listMemberRewardEvents(r *request) (reply, error) {
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	var before *rewards.Place
	if len(page.after) > 4 {
		before = &rewards.Place{Day: ledger.Date(binary.BigEndian.Uint32(page.after)), ID: string(page.after[4:])}
	}
	member, err := r.member()
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Rewards.History(r.context(), member, before, page.limit)
	if err != nil {
		return reply{}, err
	}
	out := RewardEventPage{Events: make([]RewardEvent, 0, len(found))}
	var last []byte
	for _, record := range found {
		out.Events = append(out.Events, *renderRewardEvent(record))
		last = append(binary.BigEndian.AppendUint32(nil, uint32(record.Day)), record.ID...)
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last)
	return answer, nil
}

func (a *API) listExpiryAnnouncements(r *request) (reply, error) {
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	after := int64(0)
	if len(page.after) == 8 {
		after = int64(binary.BigEndian.Uint64(page.after))
	}
	member, err := r.member()
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Rewards.Announcements(r.context(), member, after, page.limit)
	if err != nil {
		return reply{}, err
	}
	out := ExpiryAnnouncementPage{Announcements: make([]ExpiryAnnouncement, 0, len(found))}
	var last []byte
	for _, n := range found {
		out.Announcements = append(out.Announcements, ExpiryAnnouncement{Sequence: n.Sequence, Expiry: n.Expiry.String(), Days: n.Days,
			Amount: points(n.Amount), CreatedAt: at(n.CreatedAt)})
		last = binary.BigEndian.AppendUint64(nil, uint64(n.Sequence))
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last)
	return answer, nil
}

func (a *API) listRewardTotals(r *request) (reply, error) {
	query, err := r.query("from", "to")
	if err != nil {
		return reply{}, err
	}
	from, to, wrong := days(query.Get("from"), query.Get("to"), func(name string) problem.Field {
		return problem.Parameter(name, "date", "must be a date, for example 2026-03-01")
	})
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	totals, err := a.o.Rewards.Totals(r.context(), from, to)
	if err != nil {
		return reply{}, err
	}
	out := RewardTotalList{Totals: make([]RewardTotal, 0, len(totals))}
	for _, t := range totals {
		out.Totals = append(out.Totals, RewardTotal{Day: t.Day.String(), Channel: string(t.Channel), Segment: t.Segment, Kind: string(t.Kind), Rule: t.Code,
			Events: t.Events, Amount: points(t.Amount), Points: points(t.Points), Cancelled: t.Cancelled})
	}
	return ok(&out), nil
}
