package sessiontest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/web/session"
	"github.com/pointgrid/pointgrid/web/session/sessiontest"
)

func TestMemoryKeepsTheStoresPromises(t *testing.T) {
	sessiontest.RunStore(t, func(*testing.T) session.Store { return sessiontest.NewMemory() })
}
