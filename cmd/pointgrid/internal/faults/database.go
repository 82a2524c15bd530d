//go:build unix

package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// databaseEnds ends the server in every way that it can end, and starts it again.
func (w *world) databaseEnds(ctx context.Context) error {
	ways := []struct {
		name string
		end  func(*pgtest.Server) error
	}{{"killed", (*pgtest.Server).Kill}, {"stopped at once", (*pgtest.Server).StopNow}, {"restarted", (*pgtest.Server).Stop}}
	for range w.o.Rounds {
		for _, way := range ways {
			if err := w.more(ctx, 10); err != nil {
				return err
			}
			if err := way.end(w.server); err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			down := sleep(ctx, w.between(0, w.o.Fault))
			if err := errors.Join(down, w.server.Start()); err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			w.say("PostgreSQL was %s and is back", way.name)
		}
	}
	return w.more(ctx, 20)
}

// Pulses of a disk that answers now and then.
const (
	stillMost = 900 * time.Millisecond
	workMost  = 200 * time.Millisecond
)

// slowDisk has all processes of the server stand still and go on, over and over.
func (w *world) slowDisk(ctx context.Context) error {
	for range w.o.Rounds {
		for until := w.o.Now().Add(w.o.Fault); w.o.Now().Before(until); {
			if err := w.server.Halt(); err != nil {
				return err
			}
			still := sleep(ctx, w.between(0, stillMost))
			if err := errors.Join(still, w.server.Resume()); err != nil {
				return err
			}
			if err := sleep(ctx, w.between(0, workMost)); err != nil {
				return err
			}
		}
		w.say("the disk is itself again")
		if err := w.more(ctx, 20); err != nil {
			return err
		}
	}
	return nil
}

// fullDisk fills the disk of the tables and of the log, and makes room again.
func (w *world) fullDisk(ctx context.Context) error {
	for range w.o.Rounds {
		ballast := filepath.Join(w.disk, "ballast")
		filling, stop := context.WithTimeout(ctx, w.o.Fault)
		err := w.keepFull(filling, ballast)
		stop()
		if err = errors.Join(err, os.Remove(ballast), ctx.Err()); err != nil {
			return err
		}
		w.say("the disk has room again")
		if err := w.server.Revive(); err != nil {
			return err
		}
		if err := w.more(ctx, 20); err != nil {
			return err
		}
	}
	return nil
}

// keepFull takes all room there is, and what becomes free, until the context ends.
func (w *world) keepFull(ctx context.Context, ballast string) error {
	f, err := os.Create(ballast)
	if err != nil {
		return err
	}
	block := make([]byte, 4<<10)
	for {
		for full := false; !full; {
			_, err := f.Write(block)
			full = err != nil // there is no room for another block
		}
		if sleep(ctx, 10*time.Millisecond) != nil {
			return f.Close()
		}
	}
}

// failOver loses the server for good and promotes its standby.
func (w *world) failOver(ctx context.Context) error {
	if err := w.more(ctx, 50); err != nil {
		return err
	}
	if err := w.server.Kill(); err != nil {
		return err
	}
	if err := sleep(ctx, w.between(0, w.o.Fault)); err != nil {
		return err
	}
	if err := w.standby.Promote(); err != nil {
		return err
	}
	w.say("the standby was promoted")
	return w.more(ctx, 50)
}
