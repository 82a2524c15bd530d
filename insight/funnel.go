package insight

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// The steps of a conversion's way that are counted, by the day on which the quote,
// the conversion or the reversal was asked for.
const (
	Quoted     = "quoted"     // quotes given; they are kept for ever
	FromQuote  = "from_quote" // conversions that used one
	Completed  = "completed"
	Failed     = "failed"     // with the reason as code
	Processing = "processing" // not ended yet; with the two above, all that were made
	Reversed   = "reversed"   // reversals that were completed, of whichever day's conversions
)

// Stage counts one step of conversions with a partner.
type Stage struct {
	Day     ledger.Date
	Partner string
	Toward  string // [In], [Out] or [Through]
	Step    string
	Code    string
	Count   int64
	Points  int64 // electricity points
}

// stagesBack is how many days are counted when nothing was before; it is as far
// back as reports go.
const stagesBack = DaysMax

// CountStages counts the days that are not finished: those since the last time,
// with the day before it, and those on which some conversion had not ended.
func (c *Counter) CountStages(ctx context.Context) error {
	today := c.o.Day(c.o.Now())
	last, err := c.o.Store.StagesThrough(ctx)
	if err != nil {
		return err
	}
	days, err := c.o.Store.StagesUnfinished(ctx)
	if err != nil {
		return err
	}
	from := max(last-1, today-stagesBack, 1)
	for _, day := range days {
		if day < from {
			if err := c.countDay(ctx, day, true); err != nil {
				return err
			}
		}
	}
	for day := from; day <= today; day++ {
		if err := c.countDay(ctx, day, day == today); err != nil {
			return err
		}
	}
	return nil
}

// countDay counts a day, and stores it when there is something to store, or when it
// is to be remembered that it was counted.
func (c *Counter) countDay(ctx context.Context, day ledger.Date, remember bool) error {
	all, err := c.o.Records.InsightStages(ctx, firstID(c.o.Begins(day)), firstID(c.o.Begins(day+1)))
	if err != nil {
		return err
	}
	if len(all) == 0 && !remember {
		return nil
	}
	for i := range all {
		all[i].Day = day
	}
	return c.o.Store.SaveStages(ctx, day, all)
}

// firstID is below every ID that is made from an instant on.
func firstID(at time.Time) (id ledger.ID) {
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}
