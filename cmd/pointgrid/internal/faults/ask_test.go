//go:build unix

package faults

import (
	"errors"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/client"
)

func TestAnAnswerOf500BreaksALaw(t *testing.T) {
	l := newLoad(nil)
	r := client.Request{Method: "POST", Path: "/v1/conversions", Body: map[string]string{"amount": "5"}}
	l.note(r, &client.Problem{Status: 503, Code: "unavailable"})
	l.note(r, errors.New("connection reset"))
	if err := l.failed(); err != nil {
		t.Errorf("503 and silence: %v", err)
	}
	l.note(r, &client.Problem{Status: 500, Code: "internal", Detail: "oh"})
	if err := l.failed(); err == nil || !strings.Contains(err.Error(), `500: POST /v1/conversions {"amount":"5"}: 500 internal: oh`) {
		t.Errorf("500: %v", err)
	}
}
