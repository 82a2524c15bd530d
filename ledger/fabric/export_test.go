package fabric

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"time"

	//lint:ignore SA1019 of the generation of the SDK's messages
	"github.com/golang/protobuf/proto"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	pb "github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Peer is the key of a peer, or of anybody who passes for one.
type Peer struct {
	MSP       string
	Cert, Key []byte // PEM
}

// Endorse signs what a peer with its own idea of the contract would sign.
func (p Peer) endorse(payload []byte) (message.Endorsement, error) {
	e := message.Endorsement{Endorser: message.Identity(p.MSP, p.Cert)}
	block, _ := pem.Decode(p.Key)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return e, err
	}
	digest := sha256.Sum256(slices.Concat(payload, e.Endorser))
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		return e, err
	}
	// Fabric takes only the smaller of the two values that verify.
	if n := elliptic.P256().Params().N; s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	e.Signature, err = asn1.Marshal(struct{ R, S *big.Int }{r, s})
	return e, err
}

// Forge submits a transaction that writes whatever change makes of an honest
// query of keys, endorsed with the keys of peers, and returns how the network
// marked it.
func (l *Ledger) Forge(ctx context.Context, keys []string, change func(*kvrwset.KVRWSet), peers ...Peer) (Validation, error) {
	s := l.reader()
	prepared, signed, err := l.link.proposal(s, codec.FunctionGet, codec.KeysRequest(keys).Encode(), time.Now())
	if err != nil {
		return 0, err
	}
	home, err := l.home().await(ctx, 0, time.Minute)
	if err != nil {
		return 0, err
	}
	honest, err := home.propose(ctx, s, signed, time.Minute)
	if err != nil {
		return 0, err
	}
	payload, err := altered(honest.payload, change)
	if err != nil {
		return 0, err
	}
	tx := &endorsed{prepared: prepared, answers: []*answer{}}
	for _, p := range peers {
		e, err := p.endorse(payload)
		if err != nil {
			return 0, err
		}
		tx.answers = append(tx.answers, &answer{peer: home, payload: payload, endorsement: e})
	}
	envelope, err := tx.envelope(s)
	if err != nil {
		return 0, err
	}
	outcomes := home.follower.expect(prepared.Tx)
	if err := l.orderers.submit(ctx, s, prepared.Tx, envelope, time.Minute); err != nil {
		return 0, err
	}
	select {
	case o := <-outcomes:
		return o.code, nil
	case <-time.After(time.Minute):
		return 0, errors.New("the forged transaction did not turn up in a block")
	}
}

// altered changes the key set of what a peer responded.
func altered(payload []byte, change func(*kvrwset.KVRWSet)) ([]byte, error) {
	var response pb.ProposalResponsePayload
	var action pb.ChaincodeAction
	var sets rwset.TxReadWriteSet
	err := errors.Join(proto.Unmarshal(payload, &response), proto.Unmarshal(response.Extension, &action), proto.Unmarshal(action.Results, &sets))
	if err != nil {
		return nil, err
	}
	for _, ns := range sets.NsRwset {
		if ns.Namespace != action.ChaincodeId.Name {
			continue
		}
		var set kvrwset.KVRWSet
		if err := proto.Unmarshal(ns.Rwset, &set); err != nil {
			return nil, err
		}
		change(&set)
		if ns.Rwset, err = proto.Marshal(&set); err != nil {
			return nil, err
		}
	}
	if action.Results, err = proto.Marshal(&sets); err != nil {
		return nil, err
	}
	if response.Extension, err = proto.Marshal(&action); err != nil {
		return nil, err
	}
	return proto.Marshal(&response)
}

// Values returns values of the home peer's state.
func (l *Ledger) Values(ctx context.Context, keys ...string) ([][]byte, error) {
	return (&remote{ctx: ctx, ledger: l}).Get(keys...)
}

// Keys returns the keys of the home peer's state with a prefix.
func (l *Ledger) Keys(ctx context.Context, prefix string) (keys []string, err error) {
	err = (&remote{ctx: ctx, ledger: l}).Range(prefix, prefix, func(key string, _ []byte) bool {
		keys = append(keys, key)
		return true
	})
	return keys, err
}

// pausing is an orderer whose client pauses before it gives it anything.
type pausing struct {
	fab.Orderer
	held chan<- struct{}
	wake <-chan struct{}
}

func (p *pausing) SendBroadcast(ctx context.Context, e *fab.SignedEnvelope) (*common.Status, error) {
	select {
	case p.held <- struct{}{}:
	default:
	}
	<-p.wake
	return p.Orderer.SendBroadcast(ctx, e)
}

// HoldOrders pauses this process before it gives the orderers anything, until it is
// woken up. The first time that it does, held is told.
func (l *Ledger) HoldOrders() (held <-chan struct{}, wake func()) {
	told, woken := make(chan struct{}, 1), make(chan struct{})
	for i, o := range l.orderers.all {
		l.orderers.all[i] = &pausing{o, told, woken}
	}
	return told, func() { close(woken) }
}
