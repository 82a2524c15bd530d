package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// stream is a peer's end of a connection: what it says, and what it hears.
type stream struct {
	peer.Chaincode_ConnectServer
	says []*peer.ChaincodeMessage
}

func (s *stream) Recv() (*peer.ChaincodeMessage, error) {
	m := s.says[0]
	s.says = s.says[1:]
	return m, nil
}

func (s *stream) Send(*peer.ChaincodeMessage) error { return nil }

func message(kind peer.ChaincodeMessage_Type, tx string) *peer.ChaincodeMessage {
	return &peer.ChaincodeMessage{Type: kind, ChannelId: "c", Txid: tx}
}

func TestWhatIsUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOpen()
		s := &counted{&stream{says: []*peer.ChaincodeMessage{
			message(peer.ChaincodeMessage_TRANSACTION, "a"), message(peer.ChaincodeMessage_KEEPALIVE, ""), message(peer.ChaincodeMessage_TRANSACTION, "b"),
		}}, o}
		for range 3 {
			if _, err := s.Recv(); err != nil {
				t.Fatal(err)
			}
		}
		drained := make(chan struct{})
		go func() { o.drain(time.Hour); close(drained) }()
		for _, m := range []*peer.ChaincodeMessage{
			message(peer.ChaincodeMessage_GET_STATE, "a"), message(peer.ChaincodeMessage_COMPLETED, "a"), message(peer.ChaincodeMessage_GET_STATE, "b"),
		} {
			if err := s.Send(m); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			select {
			case <-drained:
				t.Fatal("drained while a transaction was under way")
			default:
			}
		}
		if err := s.Send(message(peer.ChaincodeMessage_ERROR, "b")); err != nil {
			t.Fatal(err)
		}
		<-drained
	})
}

func TestTheEndDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOpen()
		o.begin("a")
		begin := time.Now()
		o.drain(patience)
		if waited := time.Since(begin); waited != patience {
			t.Errorf("waited %s, want %s", waited, patience)
		}
	})
}

func TestARangeEndsWithItsPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "a/": "a0", "t/00000000/": "t/000000000", "p": "q"} {
		if got := after(prefix); got != want {
			t.Errorf("after %q comes %q, want %q", prefix, got, want)
		}
	}
}
