package network

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// peerCommand runs the peer program's command line as a company's administrator
// against its peer.
func (n *Network) peerCommand(ctx context.Context, m *member, args ...string) ([]byte, error) {
	dir := m.folder(n.site)
	return n.run(ctx, "peer", []string{
		"FABRIC_CFG_PATH=" + n.site.configFolder(),
		"FABRIC_LOGGING_SPEC=error",
		"CORE_PEER_LOCALMSPID=" + m.MSP,
		"CORE_PEER_MSPCONFIGPATH=" + filepath.Join(dir, "admin", "msp"),
		"CORE_PEER_ADDRESS=" + n.site.peerAt(m),
		"CORE_PEER_TLS_ENABLED=true",
		"CORE_PEER_TLS_ROOTCERT_FILE=" + filepath.Join(dir, "tlsca", "ca.crt"),
	}, args...)
}

// run runs one of Fabric's programs to its end and returns what it wrote to
// standard output.
func (n *Network) run(ctx context.Context, name string, env []string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, filepath.Join(n.programs, name), args...)
	c.Env, c.Dir = environment(env...), n.site.dir
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("network: %s %s: %w: %s", name, strings.Join(args, " "), err, tail(complaints.String()))
	}
	return out.Bytes(), nil
}

func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-logsKept):], "\n")
}

// toOrderer are the arguments that name an orderer which listens.
func (n *Network) toOrderer(ctx context.Context) []string {
	at := n.site.Orderers[0]
	for _, o := range n.site.Orderers {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", n.site.ordererAt(o))
		if err == nil {
			_ = conn.Close()
			at = o
			break
		}
	}
	return []string{"-o", n.site.ordererAt(at), "--tls", "--cafile", n.site.ordererTLSRoot()}
}
