package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// requestMax bounds the bytes of one request: a full batch of the largest
// commands, or the block of another home that holds it, and some.
const requestMax = ledger.BatchMax*(ledger.CommandMax+16) + 8192

// contract is [shim.Chaincode] over package chaincode.
type contract struct{}

// Init is never called: the definition does not ask for it.
func (contract) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke answers one request. A refused command is an answer; an error is not,
// and its status keeps the peer from endorsing what was written so far.
func (contract) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	defer func() {
		// One request must not take the contract away from all others.
		if p := recover(); p != nil {
			response = failure(codec.StatusFailed, fmt.Errorf("the contract panicked: %v\n%s", p, debug.Stack()))
		}
	}()
	args := stub.GetArgs()
	if len(args) != 2 || len(args[1]) > requestMax {
		return failure(codec.StatusRequest, fmt.Errorf("a call has two arguments: a function and a request of at most %d bytes", requestMax))
	}
	tx, err := transaction(stub)
	if err != nil {
		return failure(codec.StatusRequest, err)
	}
	stub.StartWriteBatch()
	payload, err := codec.Serve(codec.Call{Channel: stub.GetChannelID(), Tx: tx, Now: time.Now()}, &state{stub}, string(args[0]), args[1])
	if err != nil {
		return failure(codec.Status(err), err)
	}
	return shim.Success(payload)
}

func failure(status int32, err error) *peer.Response {
	return &peer.Response{Status: status, Message: err.Error()}
}

// transaction says what the proposal does. Its time is the client's, which peers
// accept within a few minutes of their own.
func transaction(stub shim.ChaincodeStubInterface) (tx chaincode.Tx, err error) {
	at, err := stub.GetTxTimestamp()
	if err != nil {
		return tx, fmt.Errorf("time of the proposal: %w", err)
	}
	caller, err := cid.New(stub)
	if err != nil {
		return tx, fmt.Errorf("signer of the proposal: %w", err)
	}
	msp, err := caller.GetMSPID()
	if err != nil {
		return tx, fmt.Errorf("signer of the proposal: %w", err)
	}
	cert, err := caller.GetX509Certificate()
	if err != nil {
		return tx, fmt.Errorf("signer of the proposal: %w", err)
	}
	if cert == nil {
		return tx, fmt.Errorf("signer of the proposal has no X.509 certificate")
	}
	identity := ledger.Identity{MSP: msp, Subject: cert.Subject.String()}
	return chaincode.Tx{ID: stub.GetTxID(), At: at.AsTime().UnixMilli(), Caller: identity}, nil
}
