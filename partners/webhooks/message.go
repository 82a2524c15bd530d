package webhooks

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// State is how far a message has come.
type State string

const (
	// Pending: it is to be sent, for the first time or again.
	Pending State = "pending"
	// Delivered: it was answered with 2xx.
	Delivered State = "delivered"
	// Failed: it was tried as often as the schedule has it, or the endpoint was
	// gone. It is not tried again unless that is asked for.
	Failed State = "failed"
)

// AnswerMax bounds what is kept of an answer's body, in bytes.
const AnswerMax = 512

// Message is an event on its way to one endpoint.
type Message struct {
	Endpoint  ledger.ID
	Sequence  int64 // from 1 without a gap
	Type      Type
	At        int64  // when it happened by the alliance's clock, milliseconds since 1970
	CreatedAt int64  // when it was stored by the machine's clock, as the times below
	Data      string // JSON object, without the sequence

	State State
	// Round counts how often it was asked to be sent again. An attempt of an
	// earlier round does not count any more.
	Round    int64
	Attempts int64 // of this round
	NextAt   int64 // when the next attempt is due; 0 is at once
	// What follows is of the last attempt, zero before the first.
	LastAt int64
	Took   int64  // milliseconds
	Code   int64  // HTTP status of the answer; 0 when there was none
	Answer string // the first bytes of its body
	Error  string // why there was no answer that counts: one of the Outcomes, or empty
}

// ID is the webhook-id: the same each time that the message is sent.
func (m *Message) ID() string {
	return "msg_" + hex.EncodeToString(m.Endpoint[:]) + "_" + strconv.FormatInt(m.Sequence, 10)
}

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format(timeFormat) }

// Body is what is sent. The same message has the same body each time.
func (m *Message) Body() ([]byte, error) {
	data := `{"sequence":` + strconv.FormatInt(m.Sequence, 10)
	if rest := m.Data[1:]; rest != "}" {
		data += ","
	}
	return json.Marshal(struct {
		ID        string          `json:"id"`
		Type      Type            `json:"type"`
		Timestamp string          `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{m.ID(), m.Type, instant(m.At), json.RawMessage(data + m.Data[1:])})
}

// Clone returns a copy.
func (m *Message) Clone() *Message {
	n := *m
	return &n
}
