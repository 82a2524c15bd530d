package bulkfiletest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/exchange/bulkfile/bulkfiletest"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	bulkfiletest.RunStore(t, func(*testing.T) bulkfile.Store { return bulkfiletest.NewMemory() })
}
