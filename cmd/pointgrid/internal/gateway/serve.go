package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
)

// How long the parts may take to end in order. What is interrupted all the same
// stands on disk and is taken up at the next start.
const (
	endPatience      = 15 * time.Second // for requests, and for conversions
	servicesPatience = 15 * time.Second // for orders
	// lagPatience bounds what reading metrics waits for the ledger's height.
	lagPatience = time.Second
)

const (
	// nightEvery is how often the night looks whether a window is due.
	nightEvery = time.Second
	// Answers to requests with an Idempotency-Key are kept for longer than the 24
	// hours that are promised.
	answersKept = 48 * time.Hour
	forgetEvery = 10 * time.Minute
)

// Serve listens, resumes what was interrupted, calls ready with the address once
// requests are answered, and serves until the context ends. It then lets what is
// under way finish, and closes the gateway.
//
// A gateway of a cluster that was taken for dead returns a [cluster.ErrLost] at once:
// nothing that is under way could be stored any more, so it finishes and closes
// nothing, and the process is to end.
func (g *Gateway) Serve(ctx context.Context, ready func(address string)) error {
	err := g.serve(ctx, ready)
	if errors.Is(err, cluster.ErrLost) {
		return err
	}
	return errors.Join(err, g.Close())
}

func (g *Gateway) serve(ctx context.Context, ready func(address string)) error {
	l, err := net.Listen("tcp", g.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server, err := g.server(l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := g.Exchange.Start(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	failed := make(chan error, 2)
	stand, err := g.stand(ctx, server, func(err error) { failed <- err })
	if err != nil {
		return errors.Join(err, l.Close(), g.Exchange.Close(ctx))
	}
	go func() { failed <- g.accept(server, l) }()
	var background sync.WaitGroup
	if g.pair != nil {
		background.Go(func() {
			every(ctx, certificateEvery, func(ctx context.Context) { g.pair.renew(ctx, g.around.Logger) })
		})
	}
	if g.config.Profile != "" {
		background.Go(func() { g.serveProfile(ctx) })
	}
	background.Go(func() { every(ctx, refreshEvery, g.refreshClients) })
	if g.member != nil {
		background.Go(func() { every(ctx, neighbourEvery, g.neighbours) })
	}
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx)) // until the last request has ended
	defer stopWriting()
	log := make(chan struct{})
	go func() { g.access.Run(writing); close(log) }()
	g.ready.Store(true)
	g.around.Logger.Info("gateway serves", "address", l.Addr().String())
	ready(l.Addr().String())
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	case <-g.lost():
		return errors.Join(g.lostError(), server.Close())
	}
	g.ready.Store(false)
	err = errors.Join(err, g.finish(ctx, server, stand))
	background.Wait()
	stopWriting()
	<-log
	return err
}

// finish ends requests first and the exchange last, for which the others wait.
func (g *Gateway) finish(ctx context.Context, server *http.Server, standDown func() error) error {
	g.around.Logger.Info("gateway ends")
	ctx = context.WithoutCancel(ctx)
	requests, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	err := server.Shutdown(requests)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	err = errors.Join(err, standDown())
	under, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	if closing := g.Exchange.Close(under); closing != nil && !errors.Is(closing, context.DeadlineExceeded) {
		err = errors.Join(err, closing)
	}
	return err
}

// every calls f now and from time to time until the context ends.
func every(ctx context.Context, pause time.Duration, f func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		f(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// runNight settles what is due, and does what rewards do at night. A failure is
// tried again.
func (g *Gateway) runNight(ctx context.Context) {
	made, err := g.Night.RunDue(ctx)
	if err != nil && ctx.Err() == nil {
		g.around.Logger.Error("the night failed and will be tried again", "error", err)
	}
	if len(made) > 0 {
		g.reconcileSoon()
	}
	g.runRewardsNight(ctx)
}

// forget drops saved answers, webhook messages, sessions and entries of the access
// log that are old enough.
func (g *Gateway) forget(ctx context.Context) {
	if _, err := g.Store.ForgetMessages(ctx, g.around.Now().Add(-g.config.Webhooks.Keep).UnixMilli()); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("old webhook messages could not be dropped", "error", err)
	}
	if _, err := g.Store.Forget(ctx, g.around.Now().Add(-answersKept)); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("old answers could not be dropped", "error", err)
	}
	keep := g.config.AccessLog
	if _, err := g.Store.ForgetAccess(ctx, g.around.Now().Add(-keep.Keep), keep.Entries); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("old entries of the access log could not be dropped", "error", err)
	}
	if err := errors.Join(g.staff.Forget(ctx), g.sessions.Forget(ctx)); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("old sessions could not be dropped", "error", err)
	}
}

// serveProfile serves Go's profiler until the context ends.
func (g *Gateway) serveProfile(ctx context.Context) {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Addr: g.config.Profile, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // there is nothing to finish
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		g.around.Logger.Error("the profiler ended", "error", err)
	}
}
