package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/signintest"
)

func TestSigninStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		signintest.RunStore(t, func(t *testing.T) signin.Store { return open(t) })
	})
}
