package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
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
	offset   atomic.Int64 // nanoseconds
}

// advanceMax bounds one step of the clock: each day closes a window.
const advanceMax = 400 * 24 * time.Hour

// Errors of [Clock.Advance].
var (
	errClockBack = errors.New("the clock moves forward only")
	errClockFar  = fmt.Errorf("the clock moves at most %d days at a time", advanceMax/(24*time.Hour))
)

const offsetSetting = "clock_offset"

// restore takes up the offset that a sandbox was left with.
func (c *Clock) restore(ctx context.Context) error {
	text, err := c.settings.Setting(ctx, offsetSetting)
	if err != nil || text == "" {
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

// Advance moves the clock forward, for ever.
func (c *Clock) Advance(ctx context.Context, by time.Duration) error {
	if by < 0 {
		return errClockBack
	}
	if by > advanceMax {
		return errClockFar
	}
	offset := time.Duration(c.offset.Load()) + by
	if err := c.settings.SetSetting(ctx, offsetSetting, offset.String()); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}
