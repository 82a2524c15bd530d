package fabric

import (
	"bytes"
	"context"
	"time"

	pb "github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	sdkcontext "github.com/hyperledger/fabric-sdk-go/pkg/context"
	sdkpeer "github.com/hyperledger/fabric-sdk-go/pkg/fab/peer"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// peer is one company's peer.
type peer struct {
	company  string // MSP ID
	node     profile.Node
	endpoint *endpoint
	sdk      fab.Peer
	follower *follower
}

func (l *link) newPeer(company string, n profile.Node) (*peer, error) {
	e, err := l.endpoint(n)
	if err != nil {
		return nil, err
	}
	p := &peer{company: company, node: n, endpoint: e}
	conf := &fab.NetworkPeer{MSPID: company, PeerConfig: fab.PeerConfig{URL: e.url, GRPCOptions: e.grpc, TLSCACert: e.root}}
	p.sdk, err = sdkpeer.New(e.config, sdkpeer.FromPeerConfig(conf))
	return p, err
}

// answer is what a peer responded to a proposal.
type answer struct {
	peer *peer
	// payload is what the endorsement signs, response what the chaincode said.
	payload, response []byte
	endorsement       message.Endorsement
}

// propose gives a signed proposal to the peer. It returns an *[EndorseError].
func (p *peer) propose(ctx context.Context, s *signer, signed *pb.SignedProposal, patience time.Duration) (*answer, error) {
	request, cancel := sdkcontext.NewRequest(s.client, sdkcontext.WithParent(ctx), sdkcontext.WithTimeout(patience))
	defer cancel()
	r, err := p.sdk.ProcessTransactionProposal(request, fab.ProcessProposalRequest{SignedProposal: signed})
	if err != nil {
		return nil, p.refused(err)
	}
	e := r.GetEndorsement()
	return &answer{
		peer: p, payload: r.GetPayload(), response: r.GetResponse().GetPayload(),
		endorsement: message.Endorsement{Endorser: e.GetEndorser(), Signature: e.GetSignature()},
	}, nil
}

// refused tells a peer that said no from one that did not answer.
func (p *peer) refused(err error) error {
	e := &EndorseError{Company: p.company, Err: err}
	if s, ok := status.FromError(err); ok && (s.Group == status.ChaincodeStatus || s.Group == status.EndorserServerStatus) {
		e.Code = s.Code
	}
	return e
}

// agrees returns a *[MismatchError] when two peers endorsed different outcomes.
func (a *answer) agrees(b *answer) error {
	if bytes.Equal(a.payload, b.payload) {
		return nil
	}
	return &MismatchError{Companies: [2]string{a.peer.company, b.peer.company}}
}

// proposal prepares and signs a call of the chaincode.
func (l *link) proposal(s *signer, function string, request []byte, at time.Time) (*message.Prepared, *pb.SignedProposal, error) {
	nonce, err := s.nonce()
	if err != nil {
		return nil, nil, err
	}
	p := message.Proposal{
		Channel: l.profile.Channel, Chaincode: l.profile.Chaincode, Function: function, Request: request,
		At: at, Creator: s.creator, Nonce: nonce,
	}
	prepared := p.Prepare()
	b := prepared.Bytes()
	signature, err := s.sign(b)
	return prepared, &pb.SignedProposal{ProposalBytes: b, Signature: signature}, err
}
