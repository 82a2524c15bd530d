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
)

// How long the parts may take to end in order. What is interrupted all the same
// stands on disk and is taken up at the next start.
const (
	requestsPatience = 15 * time.Second
	exchangePatience = 15 * time.Second
)

// nightEvery is how often the night looks whether a window is due.
const nightEvery = time.Second

// Serve listens, resumes what was interrupted, calls ready with the address once
// requests are answered, and serves until the context ends. It then lets what is
// under way finish, and closes the gateway.
func (g *Gateway) Serve(ctx context.Context, ready func(address string)) error {
	return errors.Join(g.serve(ctx, ready), g.Close())
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
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var background sync.WaitGroup
	if g.config.Profile != "" {
		background.Go(func() { g.serveProfile(ctx) })
	}
	background.Go(func() { g.watchNight(ctx) })
	g.ready.Store(true)
	g.around.Logger.Info("gateway serves", "address", l.Addr().String())
	ready(l.Addr().String())
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	g.ready.Store(false)
	err = errors.Join(err, g.finish(ctx, server))
	background.Wait()
	return err
}

// finish ends requests first, because they wait for the exchange.
func (g *Gateway) finish(ctx context.Context, server *http.Server) error {
	g.around.Logger.Info("gateway ends")
	ctx = context.WithoutCancel(ctx)
	requests, cancel := context.WithTimeout(ctx, requestsPatience)
	defer cancel()
	err := server.Shutdown(requests)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	under, cancel := context.WithTimeout(ctx, exchangePatience)
	defer cancel()
	if closing := g.Exchange.Close(under); closing != nil && !errors.Is(closing, context.DeadlineExceeded) {
		err = errors.Join(err, closing)
	}
	return err
}

// watchNight settles what is due, now and from time to time, until the context
// ends. A failure is tried again.
func (g *Gateway) watchNight(ctx context.Context) {
	tick := time.NewTicker(nightEvery)
	defer tick.Stop()
	for {
		if _, err := g.Night.RunDue(ctx); err != nil && ctx.Err() == nil {
			g.around.Logger.Error("the night failed and will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
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
