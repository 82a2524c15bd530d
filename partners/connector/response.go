package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"unicode/utf8"
)

// answerBody has the fields of all answers of the Connector API.
type answerBody struct {
	ReversalID     string      `json:"reversal_id,omitempty"`
	TransferID     string      `json:"transfer_id,omitempty"`
	Kind           Kind        `json:"kind,omitempty"`
	Outcome        Outcome     `json:"outcome,omitempty"`
	Amount         string      `json:"amount,omitempty"`
	ReversedAmount string      `json:"reversed_amount,omitempty"`
	Reference      string      `json:"reference,omitempty"`
	DeclineCode    DeclineCode `json:"decline_code,omitempty"`
	DeclineDetail  string      `json:"decline_detail,omitempty"`
}

// memberBody is the answer about a membership.
type memberBody struct {
	Membership string       `json:"membership"`
	Status     MemberStatus `json:"status"`
}

// EncodeTransferAnswer returns the body of the answer to a debit or credit.
func EncodeTransferAnswer(id ID, a Answer) ([]byte, error) {
	b := bodyOf(a)
	b.TransferID = id.String()
	return json.Marshal(b)
}

// EncodeReversalAnswer returns the body of the answer to a reversal.
func EncodeReversalAnswer(id, transfer ID, a Answer) ([]byte, error) {
	b := bodyOf(a)
	b.ReversalID, b.TransferID, b.ReversedAmount = id.String(), transfer.String(), FormatAmount(a.ReversedAmount)
	return json.Marshal(b)
}

// EncodeTransferStatus returns the body of a transfer's status.
func EncodeTransferStatus(id ID, s TransferStatus) ([]byte, error) {
	b := bodyOf(s.Answer)
	b.TransferID, b.Kind, b.ReversedAmount = id.String(), s.Kind, FormatAmount(s.ReversedAmount)
	if s.Kind != "" {
		b.Amount = FormatAmount(s.Amount)
	}
	return json.Marshal(b)
}

// EncodeReversalStatus returns the body of a reversal's status.
func EncodeReversalStatus(id ID, s ReversalStatus) ([]byte, error) {
	b := bodyOf(s.Answer)
	b.ReversalID, b.TransferID = id.String(), s.TransferID.String()
	b.Amount, b.ReversedAmount = FormatAmount(s.Amount), FormatAmount(s.ReversedAmount)
	return json.Marshal(b)
}

// EncodeMemberStatus returns the body of the answer about a membership.
func EncodeMemberStatus(membership string, s MemberStatus) ([]byte, error) {
	return json.Marshal(memberBody{Membership: membership, Status: s})
}

func bodyOf(a Answer) answerBody {
	return answerBody{
		Outcome: a.Outcome, Reference: a.Reference,
		DeclineCode: a.DeclineCode, DeclineDetail: a.DeclineDetail,
	}
}

// The decoding half is strict about all that money depends on, and silent about
// fields it does not know.

func decodeTransferAnswer(body []byte, id ID) (Answer, error) {
	b, err := decodeAnswer(body, Done, Declined)
	if err != nil {
		return Answer{}, err
	}
	if err := checkEcho("transfer_id", b.TransferID, id); err != nil {
		return Answer{}, err
	}
	if b.ReversalID != "" || b.ReversedAmount != "" || b.Kind != "" {
		return Answer{}, errors.New("the answer is that of a reversal or status")
	}
	return b.answer(), nil
}

func decodeReversalAnswer(body []byte, r Reversal) (Answer, error) {
	b, err := decodeAnswer(body, Done, Declined)
	if err != nil {
		return Answer{}, err
	}
	if err := errors.Join(checkEcho("reversal_id", b.ReversalID, r.ID), checkEcho("transfer_id", b.TransferID, r.TransferID)); err != nil {
		return Answer{}, err
	}
	a := b.answer()
	a.ReversedAmount, err = ParseAmount(b.ReversedAmount)
	return a, err
}

// decodeTransferStatus reads a nil body as that of a transfer never seen.
func decodeTransferStatus(body []byte, id ID) (TransferStatus, error) {
	if body == nil {
		return TransferStatus{Answer: Answer{Outcome: NeverSeen}}, nil
	}
	b, err := decodeAnswer(body, Done, Declined, Cancelled)
	if err != nil {
		return TransferStatus{}, err
	}
	if err := checkEcho("transfer_id", b.TransferID, id); err != nil {
		return TransferStatus{}, err
	}
	s := TransferStatus{Answer: b.answer(), Kind: b.Kind}
	if s.ReversedAmount, err = ParseAmount(b.ReversedAmount); err != nil {
		return TransferStatus{}, err
	}
	if b.Kind == "" && b.Amount == "" && b.Outcome == Cancelled {
		return s, nil
	}
	if b.Kind != Debit && b.Kind != Credit {
		return TransferStatus{}, errors.New("kind is neither debit nor credit")
	}
	if s.Amount, err = ParseAmount(b.Amount); err == nil && (s.Amount == 0 || s.ReversedAmount > s.Amount) {
		err = errors.New("amount is zero, or less than reversed_amount")
	}
	return s, err
}

// decodeReversalStatus reads a nil body as that of a reversal never seen.
func decodeReversalStatus(body []byte, id ID) (ReversalStatus, error) {
	if body == nil {
		return ReversalStatus{Answer: Answer{Outcome: NeverSeen}}, nil
	}
	b, err := decodeAnswer(body, Done, Declined)
	if err != nil {
		return ReversalStatus{}, err
	}
	if err := checkEcho("reversal_id", b.ReversalID, id); err != nil {
		return ReversalStatus{}, err
	}
	s := ReversalStatus{Answer: b.answer()}
	var errs [3]error
	s.TransferID, errs[0] = ParseID(b.TransferID)
	s.Amount, errs[1] = ParseAmount(b.Amount)
	s.ReversedAmount, errs[2] = ParseAmount(b.ReversedAmount)
	return s, errors.Join(errs[:]...)
}

func decodeMemberStatus(body []byte, membership string) (MemberStatus, error) {
	var b memberBody
	if err := unmarshal(body, &b, memberFields); err != nil {
		return "", fmt.Errorf("not the JSON of a member: %w", err)
	}
	if b.Membership != membership {
		return "", errors.New("membership is not the one that was asked about")
	}
	if !b.Status.Known() {
		return "", fmt.Errorf("status %q is not one of the contract", clip(string(b.Status)))
	}
	return b.Status, nil
}

// decodeAnswer reads what all answers share.
func decodeAnswer(body []byte, allowed ...Outcome) (answerBody, error) {
	var b answerBody
	if err := unmarshal(body, &b, answerFields); err != nil {
		return b, fmt.Errorf("not the JSON of an answer: %w", err)
	}
	legal := false
	for _, outcome := range allowed {
		legal = legal || b.Outcome == outcome
	}
	switch {
	case !legal:
		return b, fmt.Errorf("outcome %q is not one of %q", clip(string(b.Outcome)), allowed)
	case !Visible(b.Reference, ReferenceLengthMax):
		return b, fmt.Errorf("reference is not 1 to %d visible ASCII characters", ReferenceLengthMax)
	case b.Outcome == Done && b.DeclineCode != "":
		return b, errors.New("outcome is done, and yet there is a decline_code")
	case b.Outcome == Declined && b.DeclineCode == "":
		return b, errors.New("outcome is declined, without a decline_code")
	}
	return b, nil
}

func checkEcho(field, got string, want ID) error {
	if got != want.String() {
		return fmt.Errorf("%s is not that of the request: the answer belongs to another", field)
	}
	return nil
}

func (b *answerBody) answer() Answer {
	a := Answer{Outcome: b.Outcome, Reference: b.Reference, DeclineCode: b.DeclineCode, DeclineDetail: clip(b.DeclineDetail)}
	if a.DeclineCode != "" && !a.DeclineCode.Known() {
		a.DeclineCode = DeclineOther
	}
	return a
}

// clip bounds text that came from outside.
func clip(s string) string {
	if len(s) <= TextLengthMax {
		return s
	}
	n := TextLengthMax
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// isMedia reports whether a Content-Type names the media type.
func isMedia(contentType, want string) bool {
	if contentType == want {
		return true
	}
	got, _, err := mime.ParseMediaType(contentType)
	return err == nil && got == want
}
