package partnerstest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/partnerstest"
)

func TestMemory(t *testing.T) {
	partnerstest.RunClients(t, func(*testing.T) partnerstest.Store { return partnerstest.NewMemory() })
	partnerstest.RunAccess(t, func(*testing.T) partners.AccessStore { return partnerstest.NewMemory() })
}
