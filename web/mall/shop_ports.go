package mall

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// Shop is where members spend points; [mall.Mall] is one, and says which errors the
// methods return.
type Shop interface {
	Now() int64
	Standing(ctx context.Context, member string) (mall.Standing, error)
	Categories(ctx context.Context) ([]*mall.Category, error)
	Browse(ctx context.Context, v mall.Viewer, f mall.ProductFilter, query string) ([]*mall.Shown, error)
	Show(ctx context.Context, v mall.Viewer, id string) (*mall.Shown, error)
	Picture(ctx context.Context, id string) (*mall.Picture, error)

	Check(ctx context.Context, r mall.Request) error
	Place(ctx context.Context, r mall.Request, wait time.Duration) (o *mall.Order, replayed bool, err error)
	Order(ctx context.Context, id ledger.ID) (*mall.Order, error)
	Orders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error)
	Codes(ctx context.Context, o *mall.Order) ([]string, error)
	Cancel(ctx context.Context, id ledger.ID) (*mall.Order, error)
	Returns(ctx context.Context, order ledger.ID) ([]*mall.Return, error)
	AskReturn(ctx context.Context, member string, order ledger.ID, quantity int64, reason string) (*mall.Claim, error)
	Claims(ctx context.Context, f mall.ClaimFilter) ([]*mall.Claim, error)
}
