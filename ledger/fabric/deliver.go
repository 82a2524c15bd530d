package fabric

import (
	"context"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	pb "github.com/hyperledger/fabric-protos-go/peer"
	contextapi "github.com/hyperledger/fabric-sdk-go/pkg/common/providers/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/comm"
	"google.golang.org/grpc"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// chain is where blocks are heard of and read.
type chain interface {
	// events opens a stream of what became of transactions.
	events(ctx context.Context, p *peer, from message.Position) (stream, error)
	// blocks calls visit for the blocks of a peer from one to another, both
	// included, or without end.
	blocks(ctx context.Context, p *peer, from message.Position, until *uint64, visit func(*common.Block) error) error
}

// deliverer is the chain of the peers.
type deliverer struct {
	channel string
	signer  *signer
	// now is the machine's time: peers refuse a request for blocks that is older
	// than some minutes.
	now func() time.Time
}

// at makes the SDK verify a peer by its own authorities.
type at struct {
	contextapi.Client
	config fab.EndpointConfig
}

// EndpointConfig implements the SDK's Client.
func (a at) EndpointConfig() fab.EndpointConfig { return a.config }

func (d *deliverer) connect(ctx context.Context, p *peer) (*grpc.ClientConn, error) {
	conn, err := comm.NewConnection(at{d.signer.client, p.endpoint.config}, p.endpoint.url,
		comm.WithConnectTimeout(dialTimeout), comm.WithParentContext(ctx),
		comm.WithCertificate(p.endpoint.root), comm.WithHostOverride(p.node.ServerName))
	if err != nil {
		return nil, err
	}
	return conn.ClientConn(), nil
}

func (d *deliverer) seek(from message.Position, until *uint64) (*common.Envelope, error) {
	nonce, err := d.signer.nonce()
	if err != nil {
		return nil, err
	}
	payload := message.Seek(d.channel, d.signer.creator, nonce, d.now(), from, until)
	signature, err := d.signer.sign(payload)
	return &common.Envelope{Payload: payload, Signature: signature}, err
}

// events implements [chain].
func (d *deliverer) events(ctx context.Context, p *peer, from message.Position) (stream, error) {
	conn, err := d.connect(ctx, p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s, err := pb.NewDeliverClient(conn).DeliverFiltered(ctx)
	if err == nil {
		err = d.ask(s, from, nil)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &events{s, cancel}, nil
}

func (d *deliverer) ask(s interface{ Send(*common.Envelope) error }, from message.Position, until *uint64) error {
	envelope, err := d.seek(from, until)
	if err != nil {
		return err
	}
	return s.Send(envelope)
}

type events struct {
	client pb.Deliver_DeliverFilteredClient
	cancel func()
}

func (e *events) next() (*pb.FilteredBlock, error) {
	r, err := e.client.Recv()
	if err != nil {
		return nil, err
	}
	if b := r.GetFilteredBlock(); b != nil {
		return b, nil
	}
	return nil, failed(r.GetStatus())
}

func (e *events) close() { e.cancel() }

// blocks implements [chain].
func (d *deliverer) blocks(ctx context.Context, p *peer, from message.Position, until *uint64, visit func(*common.Block) error) error {
	conn, err := d.connect(ctx, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := pb.NewDeliverClient(conn).Deliver(ctx)
	if err != nil {
		return err
	}
	if err := d.ask(s, from, until); err != nil {
		return err
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return err
		}
		b := r.GetBlock()
		if b == nil {
			if until != nil && r.GetStatus() == common.Status_SUCCESS {
				return nil
			}
			return failed(r.GetStatus())
		}
		if err := visit(b); err != nil {
			return err
		}
	}
}
