package settlementtest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/sqlstore/storetest"
)

func TestTheStoreInMemory(t *testing.T) {
	storetest.RunSettlements(t, func(*testing.T) settlement.Store { return settlementtest.NewMemory() })
	settlementtest.RunLiability(t, func(*testing.T) settlement.LiabilityStore { return settlementtest.NewLiability() })
	settlementtest.RunUnsettled(t, func(*testing.T) settlementtest.Unfinished { return settlementtest.NewMemory() })
}
