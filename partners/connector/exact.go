package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The fields of what a partner answers.
var (
	answerFields  = []string{"reversal_id", "transfer_id", "kind", "outcome", "amount", "reversed_amount", "reference", "decline_code", "decline_detail"}
	memberFields  = []string{"membership", "status"}
	problemFields = []string{"type", "title", "status", "code", "detail", "field", "reason"}
)

// unmarshal reads a JSON object as every other reader does: encoding/json alone takes
// "OUTCOME" for "outcome", and the last of two. Fields of other names are passed over,
// whatever is in them.
func unmarshal(body []byte, into any, fields []string) error {
	if err := json.Unmarshal(body, into); err != nil {
		return err
	}
	s := scanner{rest: string(body)}
	if !s.eat('{') {
		return errors.New("it is not a JSON object")
	}
	var seen uint64 // one bit for each field
	for !s.eat('}') {
		s.eat(',')
		name, err := s.text()
		if err != nil {
			return err
		}
		if err := exact(name, fields, &seen); err != nil {
			return err
		}
		s.eat(':')
		s.skip()
	}
	return nil
}

func exact(name string, fields []string, seen *uint64) error {
	for i, field := range fields {
		switch {
		case !strings.EqualFold(name, field):
			continue
		case name != field:
			return fmt.Errorf("it has a field %q, which must be written %q", clip(name), field)
		case *seen&(1<<i) != 0:
			return fmt.Errorf("it has the field %q twice", field)
		}
		*seen |= 1 << i
	}
	return nil
}

// skip passes over one value of JSON that is known to be valid.
func (s *scanner) skip() {
	depth, quoted := 0, false
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}' || c == ']'):
			s.rest = s.rest[i:]
			return
		case c == '}' || c == ']':
			depth--
		}
	}
	s.rest = ""
}
