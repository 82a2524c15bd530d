package rewards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// termsMax bounds the bytes of terms.
const termsMax = 16 << 10

// DecodeTerms reads terms as JSON, in which numbers of points and fen are strings
// of digits and ratios decimals such as "1.5". Unknown and repeated content is
// refused. Whether the terms make sense is for [Terms.Validate] to say.
func DecodeTerms(data []byte) (Terms, error) {
	var t Terms
	if len(data) > termsMax {
		return t, fmt.Errorf("rewards: terms have %d bytes, at most %d", len(data), termsMax)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Terms{}, fmt.Errorf("rewards: terms: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Terms{}, errors.New("rewards: terms: something follows them")
	}
	return t, nil
}

// Encode returns the terms as [DecodeTerms] reads them: the same bytes for the
// same terms.
func (t *Terms) Encode() ([]byte, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("rewards: terms of %s: %w", t.Code, err)
	}
	return b, nil
}
