package rewards

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

const (
	previewDaysMax = 400
	previewPage    = 1000
	// segmentsMax bounds the segments that a preview tells apart; what comes after
	// them is added up as one.
	segmentsMax   = 200
	otherSegments = "(others)"
)

// Cost is how many points events would have earned by the rules in force, and with
// the draft in place of the rule of its code.
type Cost struct {
	Events         int64
	Before, After  int64 // points
	Gained, Losing int64 // events that earn more, and less
}

// PreviewLine is the cost of one channel, segment or day, by what Name says.
type PreviewLine struct {
	Name string
	Cost
}

// Preview is what a draft would have cost over past events.
type Preview struct {
	Rule     Rule
	From, To ledger.Date
	Cost
	Channels, Segments, Days []PreviewLine
}

// Preview runs a rule over the events of past business days, from and to included,
// as if it had been in force all that time in place of its code's. It reads them in
// pages, so that memory does not depend on how many there are.
func (s *Service) Preview(ctx context.Context, id string, from, to ledger.Date) (*Preview, error) {
	r, err := s.Rule(ctx, id)
	if err != nil {
		return nil, err
	}
	if to < from || to-from >= previewDaysMax {
		return nil, refuse(CodeInvalid, "to", "a preview covers 1 to %d days", previewDaysMax)
	}
	draft := *r
	draft.From, draft.Until = 0, 0
	p := previewing{preview: Preview{Rule: *r, From: from, To: to}, now: s.book.Load(), then: s.book.Load().With(draft),
		channels: map[string]*Cost{}, segments: map[string]*Cost{}, days: map[string]*Cost{}}
	for after := (*Place)(nil); ; {
		page, err := s.o.Store.PastRewards(ctx, from, to, after, previewPage)
		if err != nil {
			return nil, err
		}
		for _, rec := range page {
			p.add(rec)
		}
		if len(page) < previewPage {
			return p.done(), nil
		}
		last := page[len(page)-1]
		after = &Place{Day: last.Day, Member: last.Member, ID: last.ID}
	}
}

type previewing struct {
	preview                  Preview
	now, then                *Book
	channels, segments, days map[string]*Cost
	// What the member under way earned on the day under way, by code.
	day          ledger.Date
	member       string
	before, with map[string]int64
}

// add counts a record. Those that were cancelled cost nothing either way.
func (p *previewing) add(rec *Record) {
	if rec.State == Cancelled || rec.State == Cancelling || rec.State == RejectedByHouse {
		return
	}
	if rec.Day != p.day || rec.Member != p.member {
		p.day, p.member, p.before, p.with = rec.Day, rec.Member, map[string]int64{}, map[string]int64{}
	}
	x := p.now.Points(&rec.Event, rec.Tier, func(code string) int64 { return p.before[code] })
	y := p.then.Points(&rec.Event, rec.Tier, func(code string) int64 { return p.with[code] })
	p.before[x.Rule] += x.Points
	p.with[y.Rule] += y.Points
	segment := rec.Segment
	if p.segments[segment] == nil && len(p.segments) >= segmentsMax {
		segment = otherSegments
	}
	for _, c := range []*Cost{&p.preview.Cost, of(p.channels, string(rec.Channel)), of(p.segments, segment), of(p.days, rec.Day.String())} {
		c.count(x.Points, y.Points)
	}
}

func (c *Cost) count(before, after int64) {
	c.Events++
	c.Before += before
	c.After += after
	switch {
	case after > before:
		c.Gained++
	case after < before:
		c.Losing++
	}
}

func of(costs map[string]*Cost, name string) *Cost {
	if costs[name] == nil {
		costs[name] = &Cost{}
	}
	return costs[name]
}

func (p *previewing) done() *Preview {
	p.preview.Channels, p.preview.Segments, p.preview.Days = lines(p.channels), lines(p.segments), lines(p.days)
	return &p.preview
}

func lines(costs map[string]*Cost) []PreviewLine {
	all := make([]PreviewLine, 0, len(costs))
	for _, name := range slices.SortedFunc(maps.Keys(costs), cmp.Compare[string]) {
		all = append(all, PreviewLine{name, *costs[name]})
	}
	return all
}
