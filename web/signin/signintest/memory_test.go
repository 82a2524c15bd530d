package signintest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/signintest"
)

func TestMemoryKeepsTheStoresPromises(t *testing.T) {
	signintest.RunStore(t, func(*testing.T) signin.Store { return signintest.NewMemory() })
}
