package gateway

import (
	"context"
	"os"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
)

// buildFiles opens the folder of the files whose lines are converted.
func (g *Gateway) buildFiles(context.Context) error {
	if err := os.MkdirAll(g.home.Files(), 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(g.home.Files())
	if err != nil {
		return err
	}
	g.closers = append(g.closers, root.Close)
	g.Files, err = bulkfile.New(bulkfile.Options{Store: g.Store, Exchange: g.Exchange, Registry: g.registry, Hub: g.config.Alliance.Hub, Dir: root,
		Now: g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger})
	return err
}
