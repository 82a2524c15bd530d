package paymenttest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/payment/paymenttest"
)

func TestTheStoreInMemory(t *testing.T) {
	paymenttest.Run(t, func(*testing.T) payment.Store { return paymenttest.NewMemory() })
}
