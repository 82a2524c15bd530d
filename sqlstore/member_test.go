package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

func TestMembersStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		memberstest.RunStore(t, func(t *testing.T) members.Store { return open(t) })
	})
}
