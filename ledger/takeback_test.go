package ledger_test

import (
	"encoding/hex"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// What a ledger holds from before there were parts is read, and has the digest, as
// it was: blocks and receipts depend on every byte.
func TestAnIssueTakenBackBeforeThereWerePartsReadsAsEver(t *testing.T) {
	const written = "0101010203000000000000000000000000001704050000000000000000000000000000060000000000000000000000000000001563616e63656c6c6564206576656e743d5041592d31"
	b, err := hex.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := ledger.DecodeBatch(b)
	if err != nil || len(batch) != 1 {
		t.Fatalf("decoded %v, %v", batch, err)
	}
	body, ok := batch[0].Body.(*ledger.TakeBack)
	if !ok || *body != (ledger.TakeBack{Original: ledger.ID{4, 5}, Account: ledger.Account{6}, Reason: "cancelled event=PAY-1"}) {
		t.Errorf("decoded %+v", batch[0].Body)
	}
	if digest := batch[0].Digest(); hex.EncodeToString(digest[:]) != "695f14de65ee2fe3d3f216b4574ea009" {
		t.Errorf("its digest is %x", digest)
	}
	if again := hex.EncodeToString(ledger.EncodeBatch(batch)); again != written {
		t.Errorf("written again it is %s", again)
	}
}
