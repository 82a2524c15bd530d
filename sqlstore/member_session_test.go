package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/web/session"
	"github.com/pointgrid/pointgrid/web/session/sessiontest"
)

func TestMemberSessionStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		sessiontest.RunStore(t, func(t *testing.T) session.Store { return open(t) })
	})
}
