package message_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	//lint:ignore SA1019 the generated code to compare with is of its generation
	"github.com/golang/protobuf/proto"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/msp"
	"github.com/hyperledger/fabric-protos-go/orderer"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

var at = time.Unix(1_800_000_000, 123_000_000)

func example() *message.Proposal {
	return &message.Proposal{
		Channel: "alliance", Chaincode: "pointgrid", Function: "batch", Request: []byte("request"), At: at,
		Creator: message.Identity("UtilityMSP", []byte("cert")), Nonce: []byte("nonce"),
	}
}

// parse reads a message with the generated code.
func parse[T proto.Message](t *testing.T, b []byte, into T) T {
	t.Helper()
	if err := proto.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
	return into
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAProposalIsWhatFabricReads(t *testing.T) {
	p := example().Prepare()
	proposal := parse(t, p.Bytes(), &peer.Proposal{})
	header := parse(t, proposal.Header, &common.Header{})
	channel := parse(t, header.ChannelHeader, &common.ChannelHeader{})
	if channel.Type != int32(common.HeaderType_ENDORSER_TRANSACTION) || channel.ChannelId != "alliance" || channel.TxId != p.Tx ||
		!channel.Timestamp.AsTime().Equal(at) {
		t.Errorf("channel header is %v", channel)
	}
	if ext := parse(t, channel.Extension, &peer.ChaincodeHeaderExtension{}); ext.ChaincodeId.Name != "pointgrid" {
		t.Errorf("extension is %v", ext)
	}
	signature := parse(t, header.SignatureHeader, &common.SignatureHeader{})
	creator := parse(t, signature.Creator, &msp.SerializedIdentity{})
	if creator.Mspid != "UtilityMSP" || string(creator.IdBytes) != "cert" || string(signature.Nonce) != "nonce" {
		t.Errorf("signature header is %v", signature)
	}
	payload := parse(t, proposal.Payload, &peer.ChaincodeProposalPayload{})
	spec := parse(t, payload.Input, &peer.ChaincodeInvocationSpec{}).ChaincodeSpec
	if spec.ChaincodeId.Name != "pointgrid" || string(spec.Input.Args[0]) != "batch" || string(spec.Input.Args[1]) != "request" || spec.Type != peer.ChaincodeSpec_GOLANG {
		t.Errorf("spec is %v", spec)
	}
}

func TestATransactionIsWhatFabricReads(t *testing.T) {
	p := example().Prepare()
	endorsements := []message.Endorsement{{Endorser: []byte("a"), Signature: []byte("sa")}, {Endorser: []byte("b"), Signature: []byte("sb")}}
	payload := p.Transaction([]byte("response"), endorsements)
	parsed := parse(t, payload, &common.Payload{})
	action := parse(t, parsed.Data, &peer.Transaction{}).Actions[0]
	if !bytes.Equal(action.Header, parsed.Header.SignatureHeader) {
		t.Error("the action has another signature header than the transaction")
	}
	ap := parse(t, action.Payload, &peer.ChaincodeActionPayload{})
	if !bytes.Equal(ap.ChaincodeProposalPayload, parse(t, p.Bytes(), &peer.Proposal{}).Payload) {
		t.Error("the transaction has another proposal")
	}
	if string(ap.Action.ProposalResponsePayload) != "response" || len(ap.Action.Endorsements) != 2 || string(ap.Action.Endorsements[1].Signature) != "sb" {
		t.Errorf("action is %v", ap.Action)
	}
	tx, err := message.ReadTx(marshal(t, &common.Envelope{Payload: payload, Signature: []byte("s")}))
	if err != nil || tx.ID != p.Tx || tx.Channel != "alliance" || !tx.At.Equal(at) || tx.Function != "batch" || string(tx.Request) != "request" ||
		string(tx.Endorsed) != "response" || len(tx.Endorsements) != 2 || string(tx.Endorsements[0].Endorser) != "a" {
		t.Errorf("read %+v, %v", tx, err)
	}
	if id, cert, err := message.ReadIdentity(tx.Creator); id != "UtilityMSP" || string(cert) != "cert" || err != nil {
		t.Errorf("creator is %q %q, %v", id, cert, err)
	}
}

func TestAConfigurationHasNoFunction(t *testing.T) {
	header := &common.Header{ChannelHeader: marshal(t, &common.ChannelHeader{Type: int32(common.HeaderType_CONFIG), ChannelId: "alliance"})}
	tx, err := message.ReadTx(marshal(t, &common.Envelope{Payload: marshal(t, &common.Payload{Header: header, Data: []byte("\xff")})}))
	if err != nil || tx.Function != "" {
		t.Errorf("read %+v, %v", tx, err)
	}
}

func TestASeekIsWhatFabricReads(t *testing.T) {
	last := uint64(7)
	for name, c := range map[string]struct {
		from  message.Position
		until *uint64
		stop  uint64
	}{"without end": {message.At(5), nil, 1<<64 - 1}, "to a block": {message.At(0), &last, 7}} {
		p := parse(t, message.Seek("alliance", []byte("c"), []byte("n"), at, c.from, c.until), &common.Payload{})
		seek := parse(t, p.Data, &orderer.SeekInfo{})
		if got := seek.Stop.GetSpecified().GetNumber(); got != c.stop {
			t.Errorf("%s: stops at %d", name, got)
		}
		if seek.Start.GetSpecified() == nil || seek.Behavior != orderer.SeekInfo_BLOCK_UNTIL_READY {
			t.Errorf("%s: seek is %v", name, seek)
		}
	}
	p := parse(t, message.Seek("alliance", []byte("c"), []byte("n"), at, message.Newest(), nil), &common.Payload{})
	if seek := parse(t, p.Data, &orderer.SeekInfo{}); seek.Start.GetNewest() == nil {
		t.Errorf("seek is %v", seek)
	}
	channel := parse(t, p.Header.ChannelHeader, &common.ChannelHeader{})
	if channel.Type != int32(common.HeaderType_DELIVER_SEEK_INFO) || channel.ChannelId != "alliance" {
		t.Errorf("channel header is %v", channel)
	}
}

func TestAResponseIsWhatFabricWrote(t *testing.T) {
	set := marshal(t, &kvrwset.KVRWSet{
		Reads: []*kvrwset.KVRead{{Key: "a", Version: &kvrwset.Version{BlockNum: 9, TxNum: 1}}, {Key: "b"}},
		RangeQueriesInfo: []*kvrwset.RangeQueryInfo{{StartKey: "c", ReadsInfo: &kvrwset.RangeQueryInfo_RawReads{
			RawReads: &kvrwset.QueryReads{KvReads: []*kvrwset.KVRead{{Key: "c1", Version: &kvrwset.Version{BlockNum: 3}}}}}}},
		Writes:         []*kvrwset.KVWrite{{Key: "a", Value: []byte("v")}, {Key: "d", IsDelete: true}},
		MetadataWrites: []*kvrwset.KVMetadataWrite{{Key: "a"}},
	})
	results := marshal(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
		{Namespace: "_lifecycle", Rwset: []byte("\xff")}, {Namespace: "pointgrid", Rwset: set}}})
	action := marshal(t, &peer.ChaincodeAction{Results: results, ChaincodeId: &peer.ChaincodeID{Name: "pointgrid"},
		Response: &peer.Response{Status: 200, Payload: []byte("answer")}})
	r, err := message.ReadResponse(marshal(t, &peer.ProposalResponsePayload{ProposalHash: []byte("h"), Extension: action}))
	if err != nil || r.Chaincode != "pointgrid" || r.Status != 200 || string(r.Payload) != "answer" || string(r.ProposalHash) != "h" {
		t.Fatalf("read %+v, %v", r, err)
	}
	s, err := r.Set()
	if err != nil || len(s.Reads) != 3 || s.Demands != 1 {
		t.Fatalf("set is %+v, %v", s, err)
	}
	if s.Reads[0] != (message.Read{Key: "a", Block: 9, Tx: 1, Found: true}) || s.Reads[1].Found || s.Reads[2].Block != 3 {
		t.Errorf("reads are %+v", s.Reads)
	}
	if v, ok := s.Find("a"); !ok || string(v) != "v" {
		t.Errorf("the write of a is %q", v)
	}
	if _, ok := s.Find("d"); ok {
		t.Error("a deletion is found as a value")
	}
}

func FuzzRead(f *testing.F) {
	p := example().Prepare()
	f.Add(p.Transaction([]byte("response"), []message.Endorsement{{Endorser: []byte("a"), Signature: []byte("s")}}))
	f.Add([]byte{0x0a, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := message.ReadTx(b); err != nil && !errors.Is(err, message.ErrMalformed) {
			t.Errorf("transaction: %v", err)
		}
		r, err := message.ReadResponse(b)
		if err != nil && !errors.Is(err, message.ErrMalformed) {
			t.Errorf("response: %v", err)
		}
		if r != nil && err == nil {
			if _, err := r.Set(); err != nil && !errors.Is(err, message.ErrMalformed) {
				t.Errorf("set: %v", err)
			}
		}
	})
}
