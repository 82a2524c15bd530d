package fabric

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	//lint:ignore SA1019 the SDK's messages are of its generation
	"github.com/golang/protobuf/proto"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/msp"
	pb "github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// fakePeer is a company's peer on a [fakeNet].
type fakePeer struct {
	net     *fakeNet
	company string
	key     Peer
	root    *x509.Certificate
	height  uint64
	world   world
	down    bool          // does not answer
	stuck   bool          // commits nothing
	ill     bool          // its chaincode fails
	slow    time.Duration // until it answers
	// endorsing, if set, is called for every proposal; its error is the answer.
	endorsing func() error
}

func (p *fakePeer) MSPID() string              { return p.company }
func (p *fakePeer) URL() string                { return "fake." + p.company }
func (p *fakePeer) Properties() fab.Properties { return nil }

// catchUp takes over the blocks that there are. Only the latest world is kept,
// so a peer that is not stuck has always committed everything.
func (p *fakePeer) catchUp() {
	if !p.stuck && !p.down {
		p.height, p.world = uint64(len(p.net.chain)), maps.Clone(p.net.world)
	}
}

// ProcessTransactionProposal implements the SDK's Peer.
func (p *fakePeer) ProcessTransactionProposal(ctx context.Context, r fab.ProcessProposalRequest) (*fab.TransactionProposalResponse, error) {
	p.net.mu.Lock()
	slow := p.slow
	p.net.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return nil, status.New(status.EndorserClientStatus, status.ConnectionFailed.ToInt32(), ctx.Err().Error(), nil)
	}
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.endorsing != nil {
		if err := p.endorsing(); err != nil {
			return nil, err
		}
	}
	if p.down {
		return nil, status.New(status.EndorserClientStatus, status.ConnectionFailed.ToInt32(), "no connection", nil)
	}
	if p.ill {
		return nil, status.New(status.EndorserServerStatus, 500, "the chaincode is not there", nil)
	}
	call, function, request := parseProposal(r.SignedProposal.ProposalBytes)
	state := &reading{world: p.world, set: &kvrwset.KVRWSet{}, seen: map[string]bool{}}
	answer, err := codec.Serve(call, state, function, request)
	if err != nil {
		return nil, status.New(status.ChaincodeStatus, codec.Status(err), err.Error(), nil)
	}
	return p.respond(r.SignedProposal.ProposalBytes, state.set, answer)
}

func (p *fakePeer) respond(proposal []byte, set *kvrwset.KVRWSet, answer []byte) (*fab.TransactionProposalResponse, error) {
	response := &pb.Response{Status: 200, Payload: answer}
	own, err1 := proto.Marshal(set)
	results, err2 := proto.Marshal(&rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{{Namespace: fakeChaincode, Rwset: own}}})
	action, err3 := proto.Marshal(&pb.ChaincodeAction{Results: results, Response: response, ChaincodeId: &pb.ChaincodeID{Name: fakeChaincode}})
	hash := sha256.Sum256(proposal)
	payload, err4 := proto.Marshal(&pb.ProposalResponsePayload{ProposalHash: hash[:], Extension: action})
	e, err5 := p.key.endorse(payload)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	return &fab.TransactionProposalResponse{ProposalResponse: &pb.ProposalResponse{
		Response: response, Payload: payload, Endorsement: &pb.Endorsement{Endorser: e.Endorser, Signature: e.Signature}}}, nil
}

// parseProposal reads a proposal as a peer does.
func parseProposal(b []byte) (call codec.Call, function string, request []byte) {
	var proposal pb.Proposal
	var header common.Header
	var channel common.ChannelHeader
	var signature common.SignatureHeader
	var creator msp.SerializedIdentity
	var payload pb.ChaincodeProposalPayload
	var spec pb.ChaincodeInvocationSpec
	if err := errors.Join(proto.Unmarshal(b, &proposal), proto.Unmarshal(proposal.Header, &header),
		proto.Unmarshal(header.ChannelHeader, &channel), proto.Unmarshal(header.SignatureHeader, &signature),
		proto.Unmarshal(signature.Creator, &creator), proto.Unmarshal(proposal.Payload, &payload),
		proto.Unmarshal(payload.Input, &spec)); err != nil {
		panic(err)
	}
	args := spec.ChaincodeSpec.Input.Args
	tx := chaincode.Tx{ID: channel.TxId, At: channel.Timestamp.AsTime().UnixMilli(), Caller: ledger.Identity{MSP: creator.Mspid, Subject: "cn"}}
	return codec.Call{Channel: channel.ChannelId, Tx: tx, Now: time.Now()}, string(args[0]), args[1]
}

// fakeCompanies are the utility and two partners.
var fakeCompanies = []string{"UtilityMSP", "SkyMSP", "MartMSP"}

// openFake opens a ledger on a network in memory.
func openFake(t testing.TB, change func(*Options)) (*Ledger, *fakeNet) {
	t.Helper()
	n := newFakeNet()
	l := joinFake(t, n, change)
	return l, n
}

// joinFake opens another ledger on a network.
func joinFake(t testing.TB, n *fakeNet, change func(*Options)) *Ledger {
	t.Helper()
	o := fakeOptions(t, n)
	if change != nil {
		change(&o)
	}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fakeOptions are those of a ledger on a network in memory.
func fakeOptions(t testing.TB, n *fakeNet) Options {
	t.Helper()
	p := fakeProfile(t, n)
	o := Options{
		Profile: p, Identities: fakeCompanies, Clock: time.Now, Timer: time.Now,
		Checkpointer: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
	}
	o.connect = func(l *Ledger) (err error) {
		if l.link, err = openLink(p, o.Identities, rand.Reader, l.opts.Logger); err != nil {
			return err
		}
		l.companies, l.deliver = &companies{byID: map[string]*company{}}, n
		for _, own := range n.peers {
			c := &company{msp: own.company, peers: []*peer{{company: own.company, node: profile.Node{Name: own.company}, sdk: own}}}
			l.companies.add(c)
		}
		l.orderers = &orderers{all: []fab.Orderer{&fakeOrderer{n}, &fakeOrderer{n}}}
		return nil
	}
	return o
}

// fakeProfile makes certificates of the companies and, the first time, peers.
func fakeProfile(t testing.TB, n *fakeNet) *profile.Profile {
	t.Helper()
	dir := t.TempDir()
	p := &profile.Profile{Version: profile.Version, Channel: fakeChannel, Chaincode: fakeChaincode, Home: fakeCompanies[0],
		Orderers: []profile.Node{{Name: "orderer", Address: "none"}}}
	first := len(n.peers) == 0
	for _, id := range fakeCompanies {
		root, rootKey := certificate(t, "ca", nil, nil)
		person, personKey := certificate(t, "client", root, rootKey)
		machine, machineKey := certificate(t, "peer", root, rootKey)
		write := func(name string, b []byte) string {
			if err := os.WriteFile(filepath.Join(dir, id+name), b, 0o600); err != nil {
				t.Fatal(err)
			}
			return id + name
		}
		p.Companies = append(p.Companies, profile.Company{MSP: id, Roots: write("ca.pem", certPEM(root)), Peers: []profile.Node{{Name: id, Address: "none"}}})
		p.Identities = append(p.Identities, profile.Identity{MSP: id, Certificate: write("cert.pem", certPEM(person)), Key: write("key.pem", keyPEM(t, personKey))})
		if first {
			own := &fakePeer{net: n, company: id, root: root, key: Peer{MSP: id, Cert: certPEM(machine), Key: keyPEM(t, machineKey)}}
			n.peers = append(n.peers, own)
			own.catchUp()
		}
	}
	if err := p.Write(filepath.Join(dir, "profile.json")); err != nil {
		t.Fatal(err)
	}
	return p
}

func certificate(t testing.TB, role string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: role, OrganizationalUnit: []string{role}},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(10, 0, 0), IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func keyPEM(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// verify checks a receipt as somebody who knows the companies' roots.
func (n *fakeNet) verify(l ledger.Ledger, r *ledger.Receipt) error {
	a := &proof.Alliance{Channel: fakeChannel, Chaincode: fakeChaincode, Utility: fakeCompanies[0]}
	partners, err := l.Partners(context.Background())
	for _, p := range n.peers {
		c := proof.Company{MSP: p.company, Roots: []*x509.Certificate{p.root}}
		for _, q := range partners {
			if q.MSP == p.company {
				c.Partners = append(c.Partners, q.Code)
			}
		}
		a.Companies = append(a.Companies, c)
	}
	return errors.Join(err, proof.Verify(r, a))
}
