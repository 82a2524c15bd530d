package fabric

import (
	"errors"
	"testing"
	"time"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/pointgrid/pointgrid/ledger"
)

// TestALedgerOpensOnceTheContractAnswers opens it while the home peer's chaincode starts.
func TestALedgerOpensOnceTheContractAnswers(t *testing.T) {
	_, n := openFake(t, nil)
	starting, asked := 3, 0
	n.with(func() {
		n.peers[0].endorsing = func() error {
			if asked++; asked <= starting {
				return status.New(status.EndorserServerStatus, 500, "the chaincode is not there", nil)
			}
			return nil
		}
	})
	joinFake(t, n, nil)
	n.with(func() {
		if asked <= starting {
			t.Errorf("it was opened after %d questions, of which none was answered", asked)
		}
	})
}

func TestALedgerWithoutAContractIsNotOpened(t *testing.T) {
	_, n := openFake(t, nil)
	n.with(func() { n.peers[0].ill = true })
	o := fakeOptions(t, n)
	o.Patience.Connect = 2 * answerPause
	began := time.Now()
	if _, err := Open(t.Context(), o); !errors.Is(err, ledger.ErrBusy) || time.Since(began) < o.Patience.Connect {
		t.Errorf("after %s the answer is %v, want %v after %s", time.Since(began), err, ledger.ErrBusy, o.Patience.Connect)
	}
}
