package backoffice

import (
	"encoding/json"
	"fmt"

	"github.com/pointgrid/pointgrid/mall"
)

// BodyMax bounds a body in either direction, in bytes.
const BodyMax = 64 << 10

// Ownership, Credit, Charge and Repayment are the bodies of calls, Owned and Answer
// those of answers.
type (
	Credit struct {
		Order           string `json:"order"`
		ContractAccount string `json:"contract_account"`
		Member          string `json:"member"`
		Fen             int64  `json:"fen,string"`
	}
	Charge struct {
		Order  string `json:"order,omitempty"`
		Member string `json:"member"`
		Fen    int64  `json:"fen,string"`
	}
	Repayment struct {
		ID    string `json:"id"`
		Order string `json:"order"`
		Fen   int64  `json:"fen,string"`
	}
	Answer struct {
		Outcome   mall.Outcome `json:"outcome"`
		Reference string       `json:"reference,omitempty"`
		Code      string       `json:"code,omitempty"`
	}
	Ownership struct {
		ContractAccount string `json:"contract_account"`
		Member          string `json:"member"`
	}
	Owned struct {
		Owns bool `json:"owns"`
	}
)

// referenceMax bounds what the other side may say of its own, in bytes.
const referenceMax = 128

func readAnswer(body []byte) (mall.Answer, error) {
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return mall.Answer{}, fmt.Errorf("backoffice: answer: %w", err)
	}
	switch a.Outcome {
	case mall.Done, mall.Declined, mall.Pending, mall.NeverSeen:
	default:
		return mall.Answer{}, fmt.Errorf("backoffice: unknown outcome %.20q", a.Outcome)
	}
	if len(a.Reference) > referenceMax || len(a.Code) > referenceMax {
		return mall.Answer{}, fmt.Errorf("backoffice: reference or code of more than %d bytes", referenceMax)
	}
	return mall.Answer{Outcome: a.Outcome, Reference: a.Reference, Code: a.Code}, nil
}
