package fabric

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	sdkcontext "github.com/hyperledger/fabric-sdk-go/pkg/context"
	sdkorderer "github.com/hyperledger/fabric-sdk-go/pkg/fab/orderer"
)

// orderers are where transactions are put in order. Any of them passes one on
// to the leader; the one that worked last is asked first.
type orderers struct {
	all []fab.Orderer

	mu    sync.Mutex
	first int
}

func (l *link) newOrderers() (*orderers, error) {
	o := &orderers{}
	for _, n := range l.profile.Orderers {
		e, err := l.endpoint(n)
		if err != nil {
			return nil, err
		}
		conf := &fab.OrdererConfig{URL: e.url, GRPCOptions: e.grpc, TLSCACert: e.root}
		orderer, err := sdkorderer.New(e.config, sdkorderer.FromOrdererConfig(conf))
		if err != nil {
			return nil, err
		}
		o.all = append(o.all, orderer)
	}
	return o, nil
}

// submit gives an envelope to the first orderer that takes it. It returns a
// *[SubmitError].
func (o *orderers) submit(ctx context.Context, s *signer, tx string, envelope *fab.SignedEnvelope, patience time.Duration) error {
	refused := true
	var errs []error
	first := o.preferred()
	for i := range o.all {
		n := (first + i) % len(o.all)
		err := o.broadcast(ctx, s, n, envelope, patience)
		if err == nil {
			o.prefer(n)
			return nil
		}
		refused = refused && said(err)
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return &SubmitError{Tx: tx, Refused: refused, Err: errors.Join(errs...)}
}

func (o *orderers) broadcast(ctx context.Context, s *signer, n int, envelope *fab.SignedEnvelope, patience time.Duration) error {
	request, cancel := sdkcontext.NewRequest(s.client, sdkcontext.WithParent(ctx), sdkcontext.WithTimeout(patience))
	defer cancel()
	_, err := o.all[n].SendBroadcast(request, envelope)
	return err
}

// said reports whether it is certain that an orderer did not take a transaction:
// it found a fault with it, or there was no connection on which to give it. One
// that is unavailable may have passed it on to a leader that then went away.
func said(err error) bool {
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	fault := s.Code >= int32(common.Status_BAD_REQUEST) && s.Code < int32(common.Status_INTERNAL_SERVER_ERROR)
	return s.Group == status.OrdererServerStatus && fault ||
		s.Group == status.OrdererClientStatus && s.Code == status.ConnectionFailed.ToInt32()
}

func (o *orderers) preferred() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first
}

func (o *orderers) prefer(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.first = n
}
