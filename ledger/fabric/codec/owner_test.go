package codec_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// TestARequestWithoutAnEpochIsWhatItWasBeforeThereWereAny keeps gateways and
// chaincode of two versions talking while one of them is upgraded.
func TestARequestWithoutAnEpochIsWhatItWasBeforeThereWereAny(t *testing.T) {
	commands := []ledger.Command{{ID: ledger.NewID(time.UnixMilli(1), [10]byte{}), Body: &ledger.Checkpoint{}}}
	r := codec.BatchRequest{Lane: 3, Subject: "gateway", SignedAt: time.UnixMilli(77), Commands: commands}
	old := wire.NewEncoder(nil)
	old.Byte(1)
	old.Uint(3)
	old.String("gateway")
	old.Int(77)
	old.Raw(ledger.EncodeBatch(commands))
	if got := r.Encode(); !bytes.Equal(got, old.Bytes()) {
		t.Errorf("the request is %x, was %x", got, old.Bytes())
	}
	back, err := codec.DecodeBatchRequest(old.Bytes())
	if err != nil || back.Epoch != 0 || back.Lane != 3 || len(back.Commands) != 1 {
		t.Errorf("it is read as %+v, %v", back, err)
	}
}

func TestARequestStatesItsEpoch(t *testing.T) {
	r := codec.BatchRequest{Lane: 3, Epoch: 1 << 40, Subject: "gateway", SignedAt: time.UnixMilli(77)}
	back, err := codec.DecodeBatchRequest(r.Encode())
	if err != nil || back.Epoch != r.Epoch || back.Lane != r.Lane || back.Subject != r.Subject || !back.SignedAt.Equal(r.SignedAt) {
		t.Errorf("it is read as %+v, %v", back, err)
	}
	for name, b := range map[string][]byte{"no epoch": {2, 0, 3, 0, 0, 1, 0}, "an unknown version": {3, 1, 3, 0, 0, 1, 0}} {
		if _, err := codec.DecodeBatchRequest(b); err == nil {
			t.Errorf("a request with %s was read", name)
		}
	}
}
