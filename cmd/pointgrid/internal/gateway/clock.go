package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/api"
)

// settings keeps a few named values across restarts.
type settings interface {
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error
}

// Clock is the alliance's clock. It is the machine's, plus, in a sandbox, what
// it was advanced by.
type Clock struct {
	system   func() time.Time
	settings settings
	moving   sync.Mutex
	offset   atomic.Int64 // nanoseconds
}

const offsetSetting = "clock_offset"

// SetClock sets by how much the clock of a sandbox that is not running is advanced;
// negative is back.
func SetClock(ctx context.Context, to *sqlstore.Store, by time.Duration) error {
	return to.SetSetting(ctx, offsetSetting, by.String())
}

// restore takes up the offset that a sandbox was left with, or that another gateway
// of its cluster has set.
func (c *Clock) restore(ctx context.Context) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	text, err := c.settings.Setting(ctx, offsetSetting)
	if errors.Is(err, sqlstore.ErrNoSetting) {
		return nil
	}
	if err != nil {
		return err
	}
	offset, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("setting %s: %w", offsetSetting, err)
	}
	c.offset.Store(int64(offset))
	return nil
}

// Now returns the alliance's time.
func (c *Clock) Now() time.Time { return c.system().Add(time.Duration(c.offset.Load())) }

// AdvanceTo moves the clock forward to an instant, for ever. It returns
// [api.ErrClockBackward] when the clock stands later already.
func (c *Clock) AdvanceTo(ctx context.Context, to time.Time) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	by := to.Sub(c.Now())
	if by < 0 {
		return api.ErrClockBackward
	}
	offset := time.Duration(c.offset.Load()) + by
	if err := c.settings.SetSetting(ctx, offsetSetting, offset.String()); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}
