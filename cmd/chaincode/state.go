package main

import (
	"errors"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/statebased"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"

	"github.com/pointgrid/pointgrid/chaincode"
)

// state is the peer's committed state as the contract reads and writes it. The
// peer hides a transaction's own writes from its reads.
type state struct{ stub shim.ChaincodeStubInterface }

var _ chaincode.State = (*state)(nil)

// Get implements [chaincode.Reader] with one message to the peer for thousands
// of keys.
func (s *state) Get(keys ...string) ([][]byte, error) {
	values, err := s.stub.GetMultipleStates(keys...)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if len(v) == 0 { // no value: the contract writes none that is empty
			values[i] = nil
		}
	}
	return values, nil
}

// Range implements [chaincode.Reader].
func (s *state) Range(prefix, from string, visit func(key string, value []byte) bool) (err error) {
	rows, err := s.stub.GetStateByRange(max(prefix, from), after(prefix))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.HasNext() {
		var row *queryresult.KV
		if row, err = rows.Next(); err != nil {
			return err
		}
		if !visit(row.Key, row.Value) {
			return nil
		}
	}
	return nil
}

// after returns the first key beyond a prefix. Keys are printable ASCII, so the
// last byte can always be counted up; no prefix is no bound.
func after(prefix string) string {
	if prefix == "" {
		return ""
	}
	last := len(prefix) - 1
	return prefix[:last] + string(prefix[last]+1)
}

// Put implements [chaincode.State].
func (s *state) Put(key string, value []byte) error { return s.stub.PutState(key, value) }

// Delete implements [chaincode.State].
func (s *state) Delete(key string) error { return s.stub.DelState(key) }

// Endorsers implements [chaincode.State] with a key-level endorsement policy: a
// peer of every one of the companies.
func (s *state) Endorsers(key string, msps ...string) error {
	policy, err := statebased.NewStateEP(nil)
	if err != nil {
		return err
	}
	if err := policy.AddOrgs(statebased.RoleTypePeer, msps...); err != nil {
		return err
	}
	bytes, err := policy.Policy()
	if err != nil {
		return err
	}
	return s.stub.SetStateValidationParameter(key, bytes)
}
