package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// spreadWithin is how long lanes may take to be made and shared out: a gateway looks at
// the others twice a second, and gives one lane at a time.
const spreadWithin = time.Minute

// spread waits until all lanes are served, and no gateway has two more than another.
func (b *Conversions) spread(ctx context.Context, stage *sandbox.Stage) error {
	if b.Gateways < 2 {
		return nil
	}
	want := max(b.Lanes, 1)
	var all [][]uint32
	err := until(ctx, spreadWithin, func() (bool, error) {
		all = all[:0]
		var served []uint32
		for _, node := range stage.Nodes {
			lanes, err := lanesOf(ctx, node)
			if err != nil {
				return false, err
			}
			all, served = append(all, lanes), append(served, lanes...)
		}
		slices.Sort(served)
		few := slices.MinFunc(all, fewer)
		many := slices.MaxFunc(all, fewer)
		return len(slices.Compact(served)) == int(want) && len(many) <= len(few)+1, nil
	})
	if err != nil {
		return fmt.Errorf("%d lanes are not shared out, the gateways serve %v: %w", want, all, err)
	}
	fmt.Fprintf(b.Out, "the gateways serve the lanes %v\n", all)
	return nil
}

func fewer(a, b []uint32) int { return len(a) - len(b) }

// untilServed waits until every one of the lanes is served by one of the gateways.
func untilServed(ctx context.Context, nodes []*sandbox.Node, lanes []uint32) error {
	return until(ctx, 6*movedWithin, func() (bool, error) {
		for _, lane := range lanes {
			if owner, _, err := ownerOf(ctx, nodes, lane); owner == nil {
				return false, err
			}
		}
		return true, nil
	})
}

// lookPause is how often it is looked at what is waited for.
const lookPause = 20 * time.Millisecond

var errWaited = errors.New("bench: that did not come about in time")

// until waits for what holds. It returns errWaited.
func until(ctx context.Context, within time.Duration, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errWaited)
	defer cancel()
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookPause):
		}
	}
}

// ownerOf returns the gateway that serves a lane, with all lanes that it serves; nil
// when none does.
func ownerOf(ctx context.Context, nodes []*sandbox.Node, lane uint32) (*sandbox.Node, []uint32, error) {
	for _, node := range nodes {
		lanes, err := lanesOf(ctx, node)
		if err != nil || slices.Contains(lanes, lane) {
			return node, lanes, err
		}
	}
	return nil, nil, nil
}

// lanesOf returns the lanes that a gateway says it serves; none while it is not ready.
func lanesOf(ctx context.Context, node *sandbox.Node) ([]uint32, error) {
	var ready struct{ Cluster struct{ Lanes []uint32 } }
	err := page(ctx, node.URL+"/readyz", func(r io.Reader) error { return json.NewDecoder(r).Decode(&ready) })
	return ready.Cluster.Lanes, err
}

// travelled returns how many calls for commands other gateways have answered to one.
func travelled(ctx context.Context, node *sandbox.Node) (calls float64, err error) {
	err = page(ctx, node.URL+"/metrics", func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), " ")
			if !strings.HasPrefix(name, "pointgrid_cluster_call_seconds_count{") || !strings.Contains(name, `result="done"`) {
				continue
			}
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return err
			}
			calls += n
		}
		return lines.Err()
	})
	return calls, err
}

// page reads a page of a gateway.
func page(ctx context.Context, url string, use func(io.Reader) error) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return read(r, use)
}

// read reads what a request is answered with.
func read(r *http.Request, use func(io.Reader) error) error {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return use(answer.Body)
}
