package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// messageMax is the largest message between peer and chaincode, that of the
// peer's own servers.
const messageMax = 100 << 20

// patience is how long requests under way have to finish when the program ends.
const patience = 5 * time.Second

// serve answers the peer with a chaincode until the context ends, and then what
// is under way.
func serve(ctx context.Context, address, packageID string, config *tls.Config, cc shim.Chaincode) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	// The shim's own server cannot be stopped; this is the same with its options.
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(config)),
		grpc.MaxRecvMsgSize(messageMax), grpc.MaxSendMsgSize(messageMax),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Minute, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(5*time.Second),
	)
	open := newOpen()
	peer.RegisterChaincodeServer(server, &connector{
		shim: &shim.ChaincodeServer{CCID: packageID, CC: cc},
		open: open,
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	open.drain(patience)
	server.Stop() // not gracefully: the peer's stream never ends by itself
	if err := <-served; !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// connector hands the peer's streams to the shim and counts what is under way.
type connector struct {
	shim *shim.ChaincodeServer
	open *open
}

// Connect implements [peer.ChaincodeServer].
func (c *connector) Connect(stream peer.Chaincode_ConnectServer) error {
	return c.shim.Connect(&counted{stream, c.open})
}
