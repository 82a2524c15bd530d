package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// client speaks to peers and orderers with the plain messages of Fabric. It lets
// a test decide who endorses, which nothing else would let it get wrong.
type client struct {
	*testing.T
	ctx     context.Context
	profile *profile.Profile
	peers   map[string]*grpc.ClientConn // by MSP ID
	orderer *grpc.ClientConn
	now     func() time.Time
}

func newClient(ctx context.Context, t *testing.T, n *network.Network) *client {
	t.Helper()
	p, err := n.Profile()
	if err != nil {
		t.Fatal(err)
	}
	c := &client{T: t, ctx: ctx, profile: p, peers: map[string]*grpc.ClientConn{}, now: time.Now}
	for _, company := range p.Companies {
		c.peers[company.MSP] = c.dial(company.Peers[0])
	}
	c.orderer = c.dial(p.Orderers[0])
	return c
}

func (c *client) check(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *client) dial(n profile.Node) *grpc.ClientConn {
	c.Helper()
	root, err := c.profile.File(n.TLSRoots)
	c.check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	conn, err := grpc.NewClient(n.Address, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageMax), grpc.MaxCallSendMsgSize(messageMax)))
	c.check(err)
	c.Cleanup(func() { conn.Close() })
	return conn
}

// signer is a person of a company.
type signer struct {
	creator []byte
	key     *ecdsa.PrivateKey
}

func (c *client) signer(company string) signer {
	c.Helper()
	for _, id := range c.profile.Identities {
		if id.MSP != company {
			continue
		}
		cert, err := c.profile.File(id.Certificate)
		c.check(err)
		text, err := c.profile.File(id.Key)
		c.check(err)
		block, _ := pem.Decode(text)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		c.check(err)
		return signer{c.bytes(&msp.SerializedIdentity{Mspid: company, IdBytes: cert}), key.(*ecdsa.PrivateKey)}
	}
	c.Fatalf("no identity of %s", company)
	return signer{}
}

// sign returns the signature that Fabric takes: that with the lower second half.
func (c *client) sign(s signer, message []byte) []byte {
	c.Helper()
	digest := sha256.Sum256(message)
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	c.check(err)
	order := elliptic.P256().Params().N
	if v.Cmp(new(big.Int).Rsh(order, 1)) > 0 {
		v.Sub(order, v)
	}
	b, err := asn1.Marshal(struct{ R, S *big.Int }{r, v})
	c.check(err)
	return b
}

func (c *client) bytes(m proto.Message) []byte {
	c.Helper()
	b, err := proto.Marshal(m)
	c.check(err)
	return b
}

// proposal is a request of a person.
type proposal struct {
	by      signer
	tx      string
	header  *common.Header
	payload []byte
	signed  *peer.SignedProposal
}

func (c *client) propose(company, function string, request []byte) *proposal {
	c.Helper()
	p := &proposal{by: c.signer(company)}
	nonce := make([]byte, 24)
	rand.Read(nonce)
	sum := sha256.Sum256(append(append([]byte{}, nonce...), p.by.creator...))
	p.tx = hex.EncodeToString(sum[:])
	name := &peer.ChaincodeID{Name: c.profile.Chaincode}
	p.header = &common.Header{
		ChannelHeader: c.bytes(&common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION), TxId: p.tx,
			ChannelId: c.profile.Channel, Timestamp: timestamppb.New(c.now()), Extension: c.bytes(&peer.ChaincodeHeaderExtension{ChaincodeId: name})}),
		SignatureHeader: c.bytes(&common.SignatureHeader{Creator: p.by.creator, Nonce: nonce}),
	}
	p.payload = c.bytes(&peer.ChaincodeProposalPayload{Input: c.bytes(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: name, Input: &peer.ChaincodeInput{Args: [][]byte{[]byte(function), request}}}})})
	b := c.bytes(&peer.Proposal{Header: c.bytes(p.header), Payload: p.payload})
	p.signed = &peer.SignedProposal{ProposalBytes: b, Signature: c.sign(p.by, b)}
	return p
}

// endorse asks one company's peer.
func (c *client) endorse(p *proposal, company string) (*peer.ProposalResponse, error) {
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	r, err := peer.NewEndorserClient(c.peers[company]).ProcessProposal(ctx, p.signed, grpc.WaitForReady(true))
	if err == nil && r.Response.Status >= 400 {
		err = fmt.Errorf("status %d: %s", r.Response.Status, r.Response.Message)
	}
	return r, err
}

// query asks one company's peer and expects an answer.
func (c *client) query(company, function string, request []byte) []byte {
	c.Helper()
	r, err := c.endorse(c.propose("UtilityMSP", function, request), company)
	c.check(err)
	return r.Response.Payload
}

// submit has companies endorse a request and returns what it answered and what
// the network made of it.
func (c *client) submit(by, function string, request []byte, companies ...string) ([]byte, peer.TxValidationCode) {
	c.Helper()
	p := c.propose(by, function, request)
	var endorsements []*peer.Endorsement
	var first *peer.ProposalResponse
	for _, company := range companies {
		r, err := c.endorse(p, company)
		c.check(err)
		endorsements = append(endorsements, r.Endorsement)
		if first == nil {
			first = r
		}
	}
	action := c.bytes(&peer.ChaincodeActionPayload{ChaincodeProposalPayload: p.payload,
		Action: &peer.ChaincodeEndorsedAction{ProposalResponsePayload: first.Payload, Endorsements: endorsements}})
	tx := c.bytes(&peer.Transaction{Actions: []*peer.TransactionAction{{Header: p.header.SignatureHeader, Payload: action}}})
	payload := c.bytes(&common.Payload{Header: p.header, Data: tx})
	c.broadcast(&common.Envelope{Payload: payload, Signature: c.sign(p.by, payload)})
	code := peer.TxValidationCode_NOT_VALIDATED
	for company := range c.peers {
		code = c.committed(p, company)
	}
	return first.Response.Payload, code
}

func (c *client) broadcast(e *common.Envelope) {
	c.Helper()
	stream, err := orderer.NewAtomicBroadcastClient(c.orderer).Broadcast(c.ctx)
	c.check(err)
	c.check(stream.Send(e))
	r, err := stream.Recv()
	c.check(err)
	if r.Status != common.Status_SUCCESS {
		c.Fatalf("the orderer said %s: %s", r.Status, r.Info)
	}
	c.check(stream.CloseSend())
}

// committed waits until a peer has committed a transaction.
func (c *client) committed(p *proposal, company string) peer.TxValidationCode {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	request := c.bytes(&gateway.CommitStatusRequest{TransactionId: p.tx, ChannelId: c.profile.Channel, Identity: p.by.creator})
	r, err := gateway.NewGatewayClient(c.peers[company]).CommitStatus(ctx,
		&gateway.SignedCommitStatusRequest{Request: request, Signature: c.sign(p.by, request)}, grpc.WaitForReady(true))
	c.check(err)
	return r.Result
}
