package members_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

func TestMemoryStore(t *testing.T) {
	memberstest.RunStore(t, func(*testing.T) members.Store { return memberstest.NewMemory() })
}
