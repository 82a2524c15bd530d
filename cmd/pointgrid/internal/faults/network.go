//go:build unix

package faults

import (
	"context"
	"fmt"
)

// toxics are what is wrong with the network before partners' hosts, one after the
// other. Upstream is what the gateway sends.
var toxics = []struct {
	name string
	all  []toxic
}{
	{"latency with jitter", []toxic{{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]int{"latency": 300, "jitter": 250}}}},
	{"latency beyond the time-out", []toxic{{Type: "latency", Stream: "downstream", Toxicity: 0.5, Attributes: map[string]int{"latency": 3000, "jitter": 500}}}},
	{"resets", []toxic{{Type: "reset_peer", Stream: "downstream", Toxicity: 0.6, Attributes: map[string]int{"timeout": 20}}}},
	{"requests lost on connections that stay open", []toxic{{Type: "timeout", Stream: "upstream", Toxicity: 0.6, Attributes: map[string]int{"timeout": 0}}}},
	{"answers lost on connections that stay open", []toxic{{Type: "timeout", Stream: "downstream", Toxicity: 0.6, Attributes: map[string]int{"timeout": 0}}}},
	{"bandwidth of 2 KB/s", []toxic{{Type: "bandwidth", Stream: "downstream", Toxicity: 1, Attributes: map[string]int{"rate": 2}},
		{Type: "bandwidth", Stream: "upstream", Toxicity: 1, Attributes: map[string]int{"rate": 2}}}},
	{"slow close", []toxic{{Type: "slow_close", Stream: "downstream", Toxicity: 1, Attributes: map[string]int{"delay": 1500}}}},
	{"answers cut off after 100 bytes", []toxic{{Type: "limit_data", Stream: "downstream", Toxicity: 0.5, Attributes: map[string]int{"bytes": 100}}}},
}

// badNetwork makes the connections to all partners bad in every way, and last cuts
// them all.
func (w *world) badNetwork(ctx context.Context) error {
	for _, bad := range toxics {
		for _, t := range bad.all {
			if err := w.proxies.add(t); err != nil {
				return fmt.Errorf("%s: %w", bad.name, err)
			}
		}
		if err := sleep(ctx, w.o.Fault); err != nil {
			return err
		}
		w.proxies.heal(ctx)
		w.say("%s: over", bad.name)
		if err := w.more(ctx, 10); err != nil {
			return fmt.Errorf("%s: %w", bad.name, err)
		}
	}
	w.proxies.cut()
	down := sleep(ctx, w.o.Fault)
	if err := w.proxies.letThrough(); err != nil {
		return err
	}
	w.say("nobody listens: over")
	if down != nil {
		return down
	}
	return w.more(ctx, 20)
}
