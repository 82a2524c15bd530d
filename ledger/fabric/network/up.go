package network

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// Up makes a network in a folder that has none, and starts what does not run of
// one that is there: its ledger, certificates and addresses stay. It returns
// when every company's peer answers with its chaincode. When it fails, what
// runs is left to [Network.Down]; calling it again goes on where it stopped.
func Up(ctx context.Context, options Options) (*Network, error) {
	n, unlock, err := prepare(ctx, options)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if n.site != nil && n.site.Containers {
		return nil, errContainers
	}
	if n.site == nil {
		o, err := options.filled()
		if err != nil {
			return nil, err
		}
		if err := n.lay(ctx, &o); err != nil {
			return nil, err
		}
	}
	return n, n.raise(ctx)
}

// prepare finds the programs, and the network of the folder if it has one, which
// nobody else changes until unlocked.
func prepare(ctx context.Context, options Options) (n *Network, unlock func(), err error) {
	o, err := options.filled()
	if err != nil {
		return nil, nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, nil, err
	}
	unlock, err = await(ctx, filepath.Join(o.Dir, "lock"), func() { o.Progress("waiting for another command on this network") })
	if err != nil {
		return nil, nil, err
	}
	n = &Network{attached: o.Attached, progress: o.Progress, now: o.Now}
	if err = n.find(ctx, &o, o.Dir); err == nil {
		n.site, err = loadSite(o.Dir)
	}
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return n, unlock, nil
}

// find finds or builds the programs.
func (n *Network) find(ctx context.Context, o *Options, dir string) (err error) {
	n.programs = o.Programs
	if n.programs == "" {
		n.programs, err = Programs(ctx, o.Progress)
	} else if n.programs, err = filepath.Abs(o.Programs); err == nil {
		err = complete(n.programs)
	}
	if err != nil || o.containers {
		return err
	}
	n.chaincode, err = Server(ctx, o.Chaincode, dir, o.Progress)
	return err
}

// raise starts everything and brings the channel and the chaincode as far as
// they have not come yet.
func (n *Network) raise(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, raiseMax)
	defer cancel()
	n.progress("starting orderers, peers and chaincode: " + list(n.Names()))
	if err := each(n.Names(), func(name string) error { return n.Start(ctx, name) }); err != nil {
		return err
	}
	if err := n.join(ctx); err != nil {
		return err
	}
	n.progress("the network is up")
	return nil
}

// join brings processes that run into the channel, and the chaincode with them.
func (n *Network) join(ctx context.Context) error {
	for _, step := range []func(context.Context) error{n.joinOrderers, n.joinPeers, n.install, n.approve, n.commit, n.answer} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// raiseMax bounds how long a network may take to come up on a busy machine.
const raiseMax = 3 * time.Minute
