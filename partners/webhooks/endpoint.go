package webhooks

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Bounds of what a partner can have.
const (
	EndpointsMax   = 20 // of a partner
	URLMax         = 512
	DescriptionMax = 200 // bytes
	EventsMax      = 32
	// SecretsMax bounds those that are valid at one time: each is one more
	// signature on each message.
	SecretsMax = 4
)

// Status says whether an endpoint is sent messages.
type Status string

const (
	Enabled  Status = "enabled"
	Disabled Status = "disabled"
)

// Reason says why an endpoint is disabled.
type Reason string

const (
	// Requested by the partner.
	Requested Reason = "requested"
	// Gone: it answered 410.
	Gone Reason = "gone"
	// Failing: no message could be delivered for days.
	Failing Reason = "failing"
)

// Endpoint is an address of a partner that is told of events.
type Endpoint struct {
	ID          ledger.ID
	Partner     string // "" is the utility, which is told of everybody's
	URL         string
	Description string
	Events      []string // see [ValidSubscription]
	Status      Status
	Reason      Reason // why it is disabled; empty while it is enabled
	// All times are in milliseconds since 1970 by the machine's clock.
	DisabledAt int64
	// FailingSince is when the first of the failures came after which there was no
	// success; 0 while all is well.
	FailingSince int64
	Secrets      []Secret // newest first; at least one
	CreatedAt    int64
	UpdatedAt    int64
	// Version is that of the row, 1 when it is made. An update of another version
	// is refused with [ErrChanged].
	Version int64
}

// Clone returns a copy that shares nothing that can be changed.
func (e *Endpoint) Clone() *Endpoint {
	n := *e
	n.Events, n.Secrets = slices.Clone(e.Events), slices.Clone(e.Secrets)
	return &n
}

// Secret is one with which messages are signed, as it is stored.
type Secret struct {
	Scheme    Scheme `json:"scheme"`
	Sealed    []byte `json:"sealed"`
	CreatedAt int64  `json:"created_at"`
	ExpiresAt int64  `json:"expires_at,omitempty"` // 0: not before it is replaced
}

// valid returns the secrets that have not expired.
func valid(all []Secret, now int64) (left []Secret) {
	for _, s := range all {
		if s.ExpiresAt == 0 || s.ExpiresAt > now {
			left = append(left, s)
		}
	}
	return left
}

func (e *Endpoint) disable(why Reason, now int64) {
	e.Status, e.Reason, e.DisabledAt, e.UpdatedAt = Disabled, why, now, now
}

func (e *Endpoint) enable(now int64) {
	e.Status, e.Reason, e.DisabledAt, e.FailingSince, e.UpdatedAt = Enabled, "", 0, 0, now
}

// changed is the event that the endpoint was disabled.
func (e *Endpoint) changed() Event {
	return Event{Type: EndpointDisabled, Partners: []string{e.Partner}, At: e.DisabledAt,
		Data: EndpointChange{EndpointID: e.ID.String(), Reason: string(e.Reason), DisabledAt: instant(e.DisabledAt)}}
}
