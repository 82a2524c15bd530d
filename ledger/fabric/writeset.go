package fabric

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Prefixes of the contract's keys that matter here; see package chaincode.
const (
	prefixBatch    = "t/"
	prefixBooks    = "b/"
	prefixPosition = "wp/"
	prefixAccepted = "gi/"
)

// written returns the batch that a transaction writes, empty if none.
func written(set *message.Set) (header ledger.BatchHeader, records [][]byte, err error) {
	for i := range set.Writes {
		key, ok := strings.CutPrefix(set.Writes[i].Key, prefixBatch)
		if !ok {
			continue
		}
		lane, number, _ := strings.Cut(key, "/")
		l, err := strconv.ParseUint(lane, 16, 32)
		if err != nil {
			return header, nil, err
		}
		n, err := strconv.ParseUint(number, 16, 64)
		if err != nil {
			return header, nil, err
		}
		return chaincode.Batch(values{set}, uint32(l), n)
	}
	return header, nil, nil
}

// values reads what a transaction writes.
type values struct{ set *message.Set }

// Get implements [chaincode.Reader].
func (v values) Get(keys ...string) ([][]byte, error) {
	found := make([][]byte, len(keys))
	for i, k := range keys {
		found[i], _ = v.set.Find(k)
	}
	return found, nil
}

// Range implements [chaincode.Reader]; nothing that is written needs it.
func (values) Range(string, string, func(string, []byte) bool) error {
	return errors.New("fabric: a write set is not read by range")
}

// concerned returns the companies given and those whose keys are written.
func (l *Ledger) concerned(set *message.Set, companies []string) []string {
	for i := range set.Writes {
		code := partnerOf(set.Writes[i].Key)
		if msp := l.routes.partner(code); code != "" && msp != "" {
			companies = union(companies, []string{msp})
		}
	}
	return companies
}

// partnerOf returns the partner to whose pair a key belongs, or nothing.
func partnerOf(key string) string {
	if rest, ok := strings.CutPrefix(key, prefixBooks); ok {
		code, _, _ := strings.Cut(rest, "/") // the lane may follow
		return code
	}
	if rest, ok := strings.CutPrefix(key, prefixPosition); ok {
		_, rest, _ = strings.Cut(rest, "/")
		code, _, _ := strings.Cut(rest, "/")
		return code
	}
	if rest, ok := strings.CutPrefix(key, prefixAccepted); ok {
		code, _, _ := strings.Cut(rest, "/")
		return code
	}
	return ""
}
