package supporttest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
)

func TestMemory(t *testing.T) {
	supporttest.Run(t, func(*testing.T) support.Store { return supporttest.NewMemory() })
}
