package partnersim

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// ScaleMax is the largest number of decimal places of a programme.
const ScaleMax = 6

// Options configure a [Host].
type Options struct {
	Dir string // of the books; required
	FS  vfs.FS // that Dir is on; default the machine's. vfs.NewMem() keeps everything in memory

	Programme string // code, see connector.ValidProgramme; required
	Scale     uint8  // decimal places, at most ScaleMax; amounts stay in the smallest unit

	// Members are opened when the books are new: Prefix-000001 and so on, each
	// with Balance, in smallest units.
	Members int
	Balance int64
	Prefix  string // default: the programme's code

	// LimitMax is the largest amount of one debit or credit; above it the host
	// declines with limit_exceeded. Default 10¹⁵.
	LimitMax int64
	// ForcedAmounts gives debits and credits of certain amounts certain outcomes;
	// see [ForcedOutcomes]. For sandboxes.
	ForcedAmounts bool
	// Zone is that of the business day; default UTC+8, as in Asia/Shanghai.
	Zone *time.Location

	Keys signature.KeySource // of the gateway; required
	// Authority and PathPrefix, for a host behind a proxy that rewrites them.
	Authority, PathPrefix string

	Clock  func() time.Time // the machine's, to check signatures against; required
	Logger *slog.Logger     // required
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.Prefix = cmp.Or(o.Prefix, o.Programme)
	o.LimitMax = cmp.Or(o.LimitMax, 1_000_000_000_000_000)
	if o.Zone == nil {
		o.Zone = time.FixedZone("Asia/Shanghai", 8*60*60) // no daylight saving since 1991
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Dir == "":
		return errors.New("partnersim: a directory for the books is required")
	case !connector.ValidProgramme(o.Programme):
		return fmt.Errorf("partnersim: programme %q must be 2 to 8 of A-Z and 0-9, starting with a letter", o.Programme)
	case o.Scale > ScaleMax:
		return fmt.Errorf("partnersim: scale %d must be at most %d", o.Scale, ScaleMax)
	case o.Members < 0 || o.Members > membersMax:
		return fmt.Errorf("partnersim: %d members, must be 0 to %d", o.Members, membersMax)
	case o.Balance < 0 || o.LimitMax < 1:
		return errors.New("partnersim: balance must not be negative, limit must be positive")
	case !validMembership(seededMember(o.Prefix, membersMax)):
		return fmt.Errorf("partnersim: prefix %q must be visible ASCII characters and short", o.Prefix)
	case o.Keys == nil, o.Clock == nil, o.Logger == nil:
		return errors.New("partnersim: keys, clock and logger are required")
	}
	return nil
}
