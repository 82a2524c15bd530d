package malltest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestMemory(t *testing.T) {
	malltest.Run(t, func(*testing.T) mall.Store { return malltest.NewMemory() })
}
