package main

import (
	"context"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/tour"
)

type tourCommand struct {
	Dir string `help:"Empty folder for the tour's sandbox; a temporary one, removed at the end, when not given." type:"path"`
}

func (t *tourCommand) Run(ctx context.Context) error {
	dir, remove, err := folder(t.Dir)
	if err != nil {
		return err
	}
	defer remove()
	return (&tour.Tour{Out: os.Stdout, Dir: dir, Now: time.Now}).Run(ctx)
}
