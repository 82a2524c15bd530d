package webhookstest_test

import (
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
)

func TestMemory(t *testing.T) {
	webhookstest.RunStore(t, func(*testing.T) webhooks.Store { return webhookstest.NewMemory(time.Now) })
}
