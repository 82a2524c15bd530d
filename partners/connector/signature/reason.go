package signature

import "fmt"

// Reason says why a signature was refused. The values are those of the
// Connector API's SignatureReason.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	Missing        Reason = "missing"
	Malformed      Reason = "malformed"
	NotCovered     Reason = "not_covered"
	Stale          Reason = "stale"
	FromFuture     Reason = "from_future"
	DigestMismatch Reason = "digest_mismatch"
	UnknownKey     Reason = "unknown_key"
	WrongSignature Reason = "wrong_signature"
)

// Error is what [Verifier.Verify] returns for a request that is not signed as
// it must be. Detail is for the engineer on the other side; it says what would
// have been right.
type Error struct {
	Reason Reason
	Detail string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("signature: %s: %s", e.Reason, e.Detail)
}

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
