package exchangetest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
)

func TestMemory(t *testing.T) {
	exchangetest.RunStore(t, func(*testing.T) exchange.Store { return exchangetest.NewMemory() })
}

func TestMemoryKeepsSignedRequests(t *testing.T) {
	exchangetest.RunSigned(t, func(*testing.T) exchange.SignedRequests { return exchangetest.NewMemory() })
}
