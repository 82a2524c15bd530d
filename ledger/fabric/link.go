package fabric

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	contextapi "github.com/hyperledger/fabric-sdk-go/pkg/common/providers/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/core"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/config"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/cryptosuite/bccsp/sw"
	sdkfab "github.com/hyperledger/fabric-sdk-go/pkg/fab"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk/factory/defcore"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk/provider/fabpvdr"
	"github.com/hyperledger/fabric-sdk-go/pkg/msp"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// dialTimeout is how long a peer or orderer may take to accept a connection.
const dialTimeout = 3 * time.Second

// link is the SDK, as far as it is used: identities, connections, and the calls
// to peers and orderers.
type link struct {
	sdk     *fabsdk.FabricSDK
	conns   *connections
	profile *profile.Profile
	random  io.Reader
	signers map[string]*signer // by MSP ID
}

// openLink starts the SDK with the identities of some companies.
func openLink(p *profile.Profile, msps []string, random io.Reader, logger *slog.Logger) (*link, error) {
	conf, err := sdkConfig(p, msps)
	if err != nil {
		return nil, err
	}
	l := &link{conns: newConnections(), profile: p, random: random, signers: map[string]*signer{}}
	l.sdk, err = fabsdk.New(config.FromRaw(conf, "json"),
		fabsdk.WithCorePkg(&corePkg{defcore.NewProviderFactory(), l.conns}), fabsdk.WithLoggerPkg(sdkLogs{logger}))
	if err != nil {
		return nil, fmt.Errorf("fabric: SDK: %w", err)
	}
	for _, id := range msps {
		client, err := l.sdk.Context(fabsdk.WithUser(sdkUser), fabsdk.WithOrg(id))()
		if err != nil {
			return nil, fmt.Errorf("fabric: identity of %s: %w", id, err)
		}
		l.signers[id] = &signer{client: client, creator: message.Identity(id, client.EnrollmentCertificate()), random: random}
	}
	return l, nil
}

func (l *link) close() {
	l.conns.close()
	l.sdk.Close()
}

// signer signs for one company.
type signer struct {
	client  contextapi.Client
	creator []byte
	random  io.Reader
}

func (s *signer) sign(b []byte) ([]byte, error) {
	return s.client.SigningManager().Sign(b, s.client.PrivateKey())
}

// nonce returns new random bytes, which make a transaction's ID its own.
func (s *signer) nonce() ([]byte, error) {
	b := make([]byte, 24)
	_, err := io.ReadFull(s.random, b)
	return b, err
}

// sdkUser is what the SDK's configuration calls the one identity of a company.
const sdkUser = "user"

// sdkConfig renders the SDK's configuration: the identities. Peers and orderers
// are made by hand, so that each is verified by its own company's authority.
func sdkConfig(p *profile.Profile, msps []string) ([]byte, error) {
	type object = map[string]any
	organizations := object{}
	for _, id := range msps {
		cert, key, err := identity(p, id)
		if err != nil {
			return nil, err
		}
		user := object{"cert": object{"pem": string(cert)}, "key": object{"pem": string(key)}}
		organizations[id] = object{"mspid": id, "users": object{sdkUser: user}}
	}
	if len(msps) == 0 {
		return nil, errors.New("fabric: no identity was asked for; name the companies for which this process signs")
	}
	return json.Marshal(object{"version": "1.0.0", "client": clientConfig(msps[0]), "organizations": organizations})
}

func clientConfig(organization string) map[string]any {
	timeout := map[string]any{"timeout": map[string]any{"connection": dialTimeout.String()}}
	return map[string]any{"organization": organization, "peer": timeout, "orderer": timeout}
}

func identity(p *profile.Profile, id string) (cert, key []byte, err error) {
	for _, i := range p.Identities {
		if i.MSP != id {
			continue
		}
		cert, err := p.File(i.Certificate)
		if err != nil {
			return nil, nil, err
		}
		key, err := p.File(i.Key)
		return cert, key, err
	}
	return nil, nil, fmt.Errorf("%w: the profile has none of %s", ErrNoIdentity, id)
}

// corePkg is the SDK's core with our connections, and with keys in memory: the
// default would make a folder for them.
type corePkg struct {
	*defcore.ProviderFactory
	conns *connections
}

// CreateCryptoSuiteProvider implements the SDK's CoreProviderFactory.
func (c *corePkg) CreateCryptoSuiteProvider(core.CryptoSuiteConfig) (core.CryptoSuite, error) {
	return sw.GetSuite(256, "SHA2", msp.NewMemoryKeyStore(nil))
}

// CreateInfraProvider implements the SDK's CoreProviderFactory.
func (c *corePkg) CreateInfraProvider(conf fab.EndpointConfig) (fab.InfraProvider, error) {
	return &infra{fabpvdr.New(conf), c.conns}, nil
}

type infra struct {
	*fabpvdr.InfraProvider
	conns *connections
}

// CommManager implements the SDK's InfraProvider.
func (i *infra) CommManager() fab.CommManager { return i.conns }

// endpoint is what the SDK must know to reach a node.
type endpoint struct {
	url    string
	config fab.EndpointConfig // with the node's own authorities
	root   *x509.Certificate
	grpc   map[string]any
}

// endpoint prepares a node of the profile.
func (l *link) endpoint(n profile.Node) (*endpoint, error) {
	e := &endpoint{url: "grpcs://" + n.Address, grpc: map[string]any{
		// Peers of Fabric's default configuration drop who asks more often.
		"keep-alive-time": 65 * time.Second, "keep-alive-timeout": 10 * time.Second,
	}}
	if n.ServerName != "" {
		e.grpc["ssl-target-name-override"] = n.ServerName
	}
	raw, err := json.Marshal(map[string]any{"version": "1.0.0", "client": clientConfig("")})
	if err != nil {
		return nil, err
	}
	backend, err := config.FromRaw(raw, "json")()
	if err != nil {
		return nil, err
	}
	if e.config, err = sdkfab.ConfigFromBackend(backend...); err != nil {
		return nil, err
	}
	if n.TLSRoots == "" {
		e.url = "grpc://" + n.Address
		e.grpc["allow-insecure"] = true
		return e, nil
	}
	return e, e.trust(l.profile, n)
}

func (e *endpoint) trust(p *profile.Profile, n profile.Node) error {
	b, err := p.File(n.TLSRoots)
	if err != nil {
		return err
	}
	roots, err := proof.Certificates(b)
	if err != nil {
		return fmt.Errorf("fabric: TLS roots of %s: %w", n.Name, err)
	}
	e.root = roots[0]
	e.config.TLSCACertPool().Add(roots...)
	return nil
}
