package fabric

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	//lint:ignore SA1019 the SDK's messages are of its generation
	"github.com/golang/protobuf/proto"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	pb "github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// fakeNet is a network in memory that does what a network of Fabric does: peers
// execute the contract, an orderer makes blocks, and peers mark what is invalid.
// Unlike a real one it loses things when a test says so, and takes no time.
type fakeNet struct {
	mu      sync.Mutex
	peers   []*fakePeer
	chain   []*common.Block
	heard   []*pb.FilteredBlock
	known   map[string]bool // transactions
	changed *sync.Cond
	world   world // as of the last block
	// order, if set, decides what becomes of an envelope given to the orderer:
	// whether it is put in a block, and what the orderer says.
	order func(n int) (take bool, says error)
	given int
	lost  [][]byte // envelopes that were put in no block
}

// world is committed state with what Fabric knows of each key.
type world map[string]cell

type cell struct {
	value    []byte
	block    uint64
	tx       uint64
	endorsed []string // who must endorse a change; nil is the channel's policy
}

const (
	fakeChannel   = "alliance"
	fakeChaincode = "pointgrid"
)

func newFakeNet() *fakeNet {
	n := &fakeNet{known: map[string]bool{}, world: world{}}
	n.changed = sync.NewCond(&n.mu)
	n.cut(nil) // block 0: the channel's configuration
	return n
}

// cut makes a block of envelopes and hands it to the peers.
func (n *fakeNet) cut(envelopes [][]byte) {
	number := uint64(len(n.chain))
	b := &common.Block{Header: &common.BlockHeader{Number: number}, Data: &common.BlockData{Data: envelopes},
		Metadata: &common.BlockMetadata{Metadata: make([][]byte, 5)}}
	sum := dataHash(b)
	b.Header.DataHash = sum[:]
	if number > 0 {
		h := n.chain[number-1].Header
		previous := message.HeaderHash(h.Number, h.PreviousHash, h.DataHash)
		b.Header.PreviousHash = previous[:]
	}
	f := &pb.FilteredBlock{Number: number}
	for i, e := range envelopes {
		id, code := n.validate(e, number, uint64(i))
		b.Metadata.Metadata[metadataFilter] = append(b.Metadata.Metadata[metadataFilter], byte(code))
		f.FilteredTransactions = append(f.FilteredTransactions, &pb.FilteredTransaction{Txid: id, TxValidationCode: pb.TxValidationCode(code)})
	}
	n.chain, n.heard = append(n.chain, b), append(n.heard, f)
	for _, p := range n.peers {
		p.catchUp()
	}
	n.changed.Broadcast()
}

// validate marks a transaction and, if it is valid, carries it out.
func (n *fakeNet) validate(envelope []byte, block, index uint64) (id string, code Validation) {
	tx, err := message.ReadTx(envelope)
	if err != nil {
		panic(err)
	}
	if n.known[tx.ID] {
		return tx.ID, Validation(pb.TxValidationCode_DUPLICATE_TXID)
	}
	n.known[tx.ID] = true
	set, demands := sets(tx.Endorsed)
	var signed []string
	for _, e := range tx.Endorsements {
		msp, _, _ := message.ReadIdentity(e.Endorser)
		signed = append(signed, msp)
	}
	for _, r := range set.Reads {
		if now, ok := n.world[r.Key]; ok != r.Found || now.block != r.Block || now.tx != r.Tx {
			return tx.ID, MVCCConflict
		}
	}
	for _, w := range set.Writes {
		if !n.enough(w.Key, signed) {
			return tx.ID, EndorsementFailure
		}
	}
	for _, w := range set.Writes {
		now := n.world[w.Key]
		if d, ok := demands[w.Key]; ok {
			now.endorsed = d
		}
		n.world[w.Key] = cell{value: w.Value, block: block, tx: index, endorsed: now.endorsed}
	}
	return tx.ID, Valid
}

// enough is the key's policy, or the channel's: the utility and a partner.
func (n *fakeNet) enough(key string, signed []string) bool {
	if need := n.world[key].endorsed; need != nil {
		return !slices.ContainsFunc(need, func(msp string) bool { return !slices.Contains(signed, msp) })
	}
	return slices.Contains(signed, n.peers[0].company) && len(signed) > 1
}

// sets reads what a transaction writes, and the policies among it.
func sets(payload []byte) (*message.Set, map[string][]string) {
	r, err := message.ReadResponse(payload)
	if err != nil {
		panic(err)
	}
	set, err := r.Set()
	if err != nil {
		panic(err)
	}
	var response pb.ProposalResponsePayload
	var action pb.ChaincodeAction
	var all rwset.TxReadWriteSet
	var own kvrwset.KVRWSet
	if err := errors.Join(proto.Unmarshal(payload, &response), proto.Unmarshal(response.Extension, &action),
		proto.Unmarshal(action.Results, &all), proto.Unmarshal(all.NsRwset[0].Rwset, &own)); err != nil {
		panic(err)
	}
	demands := map[string][]string{}
	for _, m := range own.MetadataWrites {
		demands[m.Key] = strings.Split(string(m.Entries[0].Value), ",")
	}
	return set, demands
}

// fakeOrderer is an orderer of the network.
type fakeOrderer struct{ net *fakeNet }

func (o *fakeOrderer) URL() string { return "fake" }

func (o *fakeOrderer) SendDeliver(context.Context, *fab.SignedEnvelope) (chan *common.Block, chan error) {
	return nil, nil
}

func (o *fakeOrderer) SendBroadcast(_ context.Context, e *fab.SignedEnvelope) (*common.Status, error) {
	o.net.mu.Lock()
	defer o.net.mu.Unlock()
	take, says := true, error(nil)
	if o.net.order != nil {
		take, says = o.net.order(o.net.given)
	}
	o.net.given++
	b, err := proto.Marshal(&common.Envelope{Payload: e.Payload, Signature: e.Signature})
	if err != nil {
		panic(err)
	}
	if take {
		o.net.cut([][]byte{b})
	} else {
		o.net.lost = append(o.net.lost, b)
	}
	ok := common.Status_SUCCESS
	return &ok, says
}

// unreachable is what the SDK says when there is no connection to an orderer.
func unreachable() error {
	return status.New(status.OrdererClientStatus, status.ConnectionFailed.ToInt32(), "no connection", nil)
}

// events implements chain.
func (n *fakeNet) events(ctx context.Context, p *peer, from message.Position) (stream, error) {
	own := p.sdk.(*fakePeer)
	n.mu.Lock()
	defer n.mu.Unlock()
	if own.down {
		return nil, errors.New("no connection")
	}
	s := &fakeStream{net: n, peer: own, ctx: ctx, next_: own.height - 1}
	if !bytes.Equal(from, message.Newest()) {
		for at := range own.height + 1 {
			if bytes.Equal(from, message.At(at)) {
				s.next_ = at
			}
		}
	}
	context.AfterFunc(ctx, n.wake)
	return s, nil
}

func (n *fakeNet) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed.Broadcast()
}

type fakeStream struct {
	net   *fakeNet
	peer  *fakePeer
	ctx   context.Context
	next_ uint64
}

func (s *fakeStream) close() {}

func (s *fakeStream) next() (*pb.FilteredBlock, error) {
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	for s.next_ >= s.peer.height {
		switch {
		case s.ctx.Err() != nil:
			return nil, s.ctx.Err()
		case s.peer.down:
			return nil, errors.New("connection lost")
		}
		s.net.changed.Wait()
	}
	s.next_++
	return s.net.heard[s.next_-1], nil
}

// blocks implements chain; it ends with the last block that there is.
func (n *fakeNet) blocks(_ context.Context, p *peer, from message.Position, until *uint64, visit func(*common.Block) error) error {
	n.mu.Lock()
	all := slices.Clone(n.chain[:p.sdk.(*fakePeer).height])
	n.mu.Unlock()
	begun := false
	for i, b := range all {
		if begun = begun || bytes.Equal(from, message.At(uint64(i))); !begun {
			continue
		}
		if until != nil && uint64(i) > *until {
			break
		}
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}

// overtake has somebody else write a key just before a transaction that read it.
func (n *fakeNet) overtake(key string) {
	c := n.world[key]
	c.tx++
	n.world[key] = c
}

// with runs f while nothing else happens on the network.
func (n *fakeNet) with(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	n.changed.Broadcast()
}

// read is a world as the contract reads it, noting what it read.
type reading struct {
	world world
	set   *kvrwset.KVRWSet
	seen  map[string]bool
}

func (r *reading) note(key string) {
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	read := &kvrwset.KVRead{Key: key}
	if c, ok := r.world[key]; ok {
		read.Version = &kvrwset.Version{BlockNum: c.block, TxNum: c.tx}
	}
	r.set.Reads = append(r.set.Reads, read)
}

func (r *reading) Get(keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, k := range keys {
		r.note(k)
		values[i] = r.world[k].value
	}
	return values, nil
}

func (r *reading) Range(prefix, from string, visit func(string, []byte) bool) error {
	for _, k := range slices.Sorted(maps.Keys(r.world)) {
		if !strings.HasPrefix(k, prefix) || k < from {
			continue
		}
		r.note(k)
		if !visit(k, r.world[k].value) {
			break
		}
	}
	return nil
}

func (r *reading) Put(key string, value []byte) error {
	r.set.Writes = append(r.set.Writes, &kvrwset.KVWrite{Key: key, Value: bytes.Clone(value)})
	return nil
}

func (r *reading) Delete(key string) error { return fmt.Errorf("the contract deletes %s", key) }

func (r *reading) Endorsers(key string, msps ...string) error {
	entry := &kvrwset.KVMetadataEntry{Name: "VALIDATION_PARAMETER", Value: []byte(strings.Join(msps, ","))}
	r.set.MetadataWrites = append(r.set.MetadataWrites, &kvrwset.KVMetadataWrite{Key: key, Entries: []*kvrwset.KVMetadataEntry{entry}})
	return nil
}
