package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestMallStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		malltest.Run(t, func(t *testing.T) mall.Store { return open(t) })
	})
}
