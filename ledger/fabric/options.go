package fabric

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// Options say which network to use and how.
type Options struct {
	// Profile describes the network. Required.
	Profile *profile.Profile
	// Reread reads the profile again. It is called, once a second at most, when a
	// command concerns a company that the profile did not have: one that joined the
	// channel meanwhile. Only such companies are taken from what it returns. Nil is
	// allowed, and takes up nobody.
	Reread func() (*profile.Profile, error)
	// Identities are the MSP IDs of the companies for which this process signs, the
	// profile having their keys. The first signs what nobody asked for: reads and
	// requests for blocks. Empty is the profile's home alone.
	Identities []string
	// Clustered says that other processes own lanes, too: this one owns none before
	// [Ledger.TakeLane]. Otherwise it owns all, under the epochs that it finds.
	Clustered bool
	// Clock gives the time of transactions. Should it go back, they keep the time
	// of the last. Peers refuse what is too far from their own. Required.
	Clock func() time.Time
	// Timer gives the machine's time, with which requests for blocks are signed and
	// durations measured. Required.
	Timer func() time.Time
	// CheckpointEvery is how often what has come in is gathered into a checkpoint
	// that all companies sign; 0 never does by itself.
	CheckpointEvery time.Duration
	// Checkpointer gives those checkpoints. Its company is one of Identities.
	Checkpointer ledger.Identity
	// QueueMax and BatchMax bound the commands that wait and those of one batch;
	// 0 is the lane's own. See [github.com/pointgrid/pointgrid/ledger/lane].
	QueueMax, BatchMax int
	// Patience bounds waiting; a zero field has its default.
	Patience Patience
	// Logger hears what an operator should know; nil is silence.
	Logger *slog.Logger
	// Observe is called after every batch, from the one goroutine that executes
	// them; it must be quick. Nil is allowed.
	Observe func(Sample)
	// Failed is called, from the same goroutine, for every attempt at a batch that
	// did not succeed. Nil is allowed.
	Failed func(Failure)
	// Random is where nonces come from; nil is the system.
	Random io.Reader

	connect func(*Ledger) error // to the network, unless a test has its own
}

// Patience says how long to wait for others before giving up.
type Patience struct {
	// Connect is for the home peer when the ledger is opened, and for the contract there; 30 s.
	Connect time.Duration
	// Endorse is for another company's peer to answer once the home peer has; 10 s.
	// One that takes longer counts as down until its events are heard again.
	Endorse time.Duration
	// Lag is for a peer to commit what another has; 2 s, or as long as the home peer
	// took if that was more.
	Lag time.Duration
	// Order is for an orderer to take a transaction, and for the home peer to be
	// there and to answer; 15 s.
	Order time.Duration
	// Commit is for a transaction to be committed; 30 s.
	Commit time.Duration
	// Resubmit is after how long without a commit a transaction is given to the
	// orderers again; 2 s, and twice as long each time: where all is slow, copies
	// make it slower.
	Resubmit time.Duration
}

func (p *Patience) fill() {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&p.Connect, 30 * time.Second}, {&p.Endorse, 10 * time.Second}, {&p.Lag, 2 * time.Second},
		{&p.Order, 15 * time.Second}, {&p.Commit, 30 * time.Second}, {&p.Resubmit, 2 * time.Second},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
}

// CheckpointDefault is a good CheckpointEvery.
const CheckpointDefault = time.Second

// Sample is what there is to measure of one batch.
type Sample struct {
	Lane  uint32
	Batch uint64 // its number in the lane, 0 when it wrote no transfer
	// Concerned are the companies, by MSP ID, without whose endorsement the batch is
	// not valid: the utility, and the partners whose keys it changes.
	Concerned  []string
	Commands   int // given
	CarriedOut int // transfers written; 0 submits nothing
	Queued     int // waiting when the batch was taken
	Companies  int // whose peers endorsed
	Attempts   int // 1 unless something was in the way
	Bytes      int // of the transaction
	// Endorse is the time until all peers had answered, Order that until an orderer
	// had taken the transaction, Commit that until the peers had committed it, all
	// of the last attempt; Total is that of all attempts.
	Endorse, Order, Commit, Total time.Duration
}

func (o *Options) check() error {
	switch {
	case o.Profile == nil:
		return errors.New("fabric: Profile is missing")
	case o.Clock == nil:
		return errors.New("fabric: Clock is missing")
	case o.Timer == nil:
		return errors.New("fabric: Timer is missing")
	case o.CheckpointEvery < 0:
		return fmt.Errorf("fabric: CheckpointEvery is %s, want 0 or more", o.CheckpointEvery)
	}
	return o.Profile.Validate()
}

func (o *Options) fill() {
	if len(o.Identities) == 0 {
		o.Identities = []string{o.Profile.Home}
	}
	if o.Checkpointer.MSP == "" {
		o.Checkpointer.MSP = o.Identities[0]
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Sample) {}
	}
	if o.Failed == nil {
		o.Failed = func(Failure) {}
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.connect == nil {
		o.connect = toNetwork
	}
	o.Patience.fill()
}
