package webhooks

import "fmt"

// Refusal is a request that cannot be granted, with a stable code and what would
// be right.
type Refusal struct{ Code, Detail string }

// Error implements error.
func (r *Refusal) Error() string { return "webhooks: " + r.Code + ": " + r.Detail }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [Refusal] that is not about a URL.
const (
	CodeEventsInvalid    = "webhook_events_invalid"
	CodeEndpointsMax     = "webhook_endpoints_max"
	CodeEndpointDisabled = "webhook_endpoint_disabled"
	CodeSecretsMax       = "webhook_secrets_max"
	CodeReplayRange      = "webhook_replay_range"
)
