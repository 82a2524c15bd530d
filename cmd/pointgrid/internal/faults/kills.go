//go:build unix

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// How long a part that was killed is away, and how long its kill comes after the last
// one was survived.
const (
	downMost  = 800 * time.Millisecond
	quietMost = 500 * time.Millisecond
	// togetherOneIn is of how many kills one meets two parts at once.
	togetherOneIn = 5
)

// kills kills parts of the network, and the gateway, and starts them again. Each kill
// waits until conversions go through after the one before.
func (w *world) kills(ctx context.Context) error {
	parts := w.parts()
	count := map[string]int{}
	for n := 0; n < w.o.Kills; {
		victims := []string{w.pick(parts)}
		if w.random.IntN(togetherOneIn) == 0 && n+1 < w.o.Kills {
			if second := w.pick(parts); second != victims[0] {
				victims = append(victims, second)
			}
		}
		if err := w.strike(ctx, victims); err != nil {
			return fmt.Errorf("kill %d, of %s: %w", n+1, strings.Join(victims, " and "), err)
		}
		for _, v := range victims {
			count[kindOf(v)]++
			n++
		}
		if n%20 < len(victims) {
			w.say("%d kills (%s), %s", n, tally(count), w.load.span())
		}
	}
	w.say("%d kills: %s; the gateway ended by itself %d times", w.o.Kills, tally(count), w.keeper.ended())
	return nil
}

const gatewayPart = "gateway"

// parts are what can be killed, by kind.
func (w *world) parts() map[string][]string {
	parts := map[string][]string{gatewayPart: {gatewayPart}}
	for _, name := range w.stage.Network.Names() {
		parts[kindOf(name)] = append(parts[kindOf(name)], name)
	}
	return parts
}

// kindOf is what a process is: peer, chaincode, orderer or gateway.
func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, ".")
	return strings.TrimRight(kind, "0123456789")
}

// pick takes a kind, each as often as the others, and then one of it.
func (w *world) pick(parts map[string][]string) string {
	var kinds []string
	for kind := range parts {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	of := parts[kinds[w.random.IntN(len(kinds))]]
	return of[w.random.IntN(len(of))]
}

// strike kills parts at the same time, starts each again after a while, and returns
// once a conversion goes through.
func (w *world) strike(ctx context.Context, victims []string) error {
	errs := make([]error, len(victims))
	var under sync.WaitGroup
	for i, name := range victims {
		down := w.between(0, downMost)
		under.Go(func() { errs[i] = w.killOne(ctx, name, down) })
	}
	under.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := w.more(ctx, 3); err != nil {
		return err
	}
	return sleep(ctx, w.between(0, quietMost))
}

func (w *world) killOne(ctx context.Context, name string, down time.Duration) error {
	if name == gatewayPart {
		return w.keeper.kill(ctx, down)
	}
	if err := w.stage.Network.Kill(ctx, name); err != nil {
		return err
	}
	if err := sleep(ctx, down); err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	return w.stage.Network.Start(starting, name)
}

// gatewayKills kills the gateway alone, for a world without a network.
func (w *world) gatewayKills(ctx context.Context) error {
	for n := range w.o.Rounds {
		if err := w.strike(ctx, []string{gatewayPart}); err != nil {
			return fmt.Errorf("kill %d: %w", n+1, err)
		}
	}
	return nil
}

// pause stops the gateway where it is, as a machine does that was put to sleep.
func (w *world) pause(ctx context.Context) error {
	if err := w.keeper.pause(ctx, w.o.Pause); err != nil {
		return err
	}
	w.say("the gateway goes on after %s", w.o.Pause)
	return w.more(ctx, 20)
}

// tally says how many there are of each.
func tally(count map[string]int) string {
	var said []string
	for what, n := range count {
		said = append(said, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(said)
	return strings.Join(said, ", ")
}
