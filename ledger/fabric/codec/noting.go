package codec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// prefixCheckpoint leads the contract's keys of checkpoints; the last part of
// one is the last batch that it covers, in hexadecimal.
const prefixCheckpoint = "c/"

// noting takes down the checkpoint that a transaction writes, so that the
// response, which the companies sign, can carry it.
type noting struct {
	chaincode.State
	key   string
	value []byte
}

// Put implements [chaincode.State].
func (n *noting) Put(key string, value []byte) error {
	if strings.HasPrefix(key, prefixCheckpoint) {
		n.key, n.value = key, value
	}
	return n.State.Put(key, value)
}

// checkpoint returns the checkpoint written, or nil.
func (n *noting) checkpoint(lane uint32) (*ledger.CheckpointRecord, error) {
	if n.key == "" {
		return nil, nil
	}
	last, err := strconv.ParseUint(n.key[strings.LastIndexByte(n.key, '/')+1:], 16, 64)
	if err != nil {
		return nil, fmt.Errorf("codec: key %s: %w", n.key, err)
	}
	c, err := chaincode.Covering(written{n}, lane, last)
	return &c, err
}

// written is the one value that was noted, as a state to read.
type written struct{ n *noting }

// Get implements [chaincode.Reader]; nothing is read by its key.
func (written) Get(keys ...string) ([][]byte, error) { return make([][]byte, len(keys)), nil }

// Range implements [chaincode.Reader].
func (w written) Range(prefix, from string, visit func(key string, value []byte) bool) error {
	if strings.HasPrefix(w.n.key, prefix) && w.n.key >= from {
		visit(w.n.key, w.n.value)
	}
	return nil
}
