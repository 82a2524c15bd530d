package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/exchange/bulkfile/bulkfiletest"
)

func TestBulkfileStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		bulkfiletest.RunStore(t, func(t *testing.T) bulkfile.Store { return open(t) })
	})
}
