package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// remember changes what the site knows and saves it.
func (n *Network) remember(change func()) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	return n.site.save()
}

// joinOrderers has the orderers join the channel and waits until they have a
// leader.
func (n *Network) joinOrderers(ctx context.Context) error {
	admin, err := n.site.ordererAdmin()
	if err != nil {
		return err
	}
	block, err := os.ReadFile(n.site.genesisBlock())
	if err != nil {
		return err
	}
	err = each(n.site.Orderers, func(o *orderer) error {
		_, joined, err := admin.status(ctx, o)
		if err == nil && !joined {
			err = admin.join(ctx, o, block)
		}
		return err
	})
	if err != nil {
		return err
	}
	return n.led(ctx)
}

// led waits until an orderer leads.
func (n *Network) led(ctx context.Context) error {
	for {
		for _, o := range n.site.Orderers {
			if leads, ok := metric(ctx, n.site.at(o.Name, o.Operations), "consensus_etcdraft_is_leader"); ok && leads == 1 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("network: the orderers have no leader: %w; the end of the first one's log is:\n%s", ctx.Err(), n.site.process(n.site.Orderers[0].Name).lastLines())
		case <-time.After(poll):
		}
	}
}

// joinPeers has the peers join the channel.
func (n *Network) joinPeers(ctx context.Context) error {
	return each(n.site.Companies, func(m *member) error {
		if m.Joined {
			return nil
		}
		n.progress("peer." + m.Name + " joins the channel")
		_, err := n.peerCommand(ctx, m, "channel", "join", "-b", n.site.genesisBlock())
		if err != nil && !n.says(ctx, m, n.site.Channel, "channel", "list") {
			return err
		}
		return n.remember(func() { m.Joined = true })
	})
}

// catchUp waits until a peer has the blocks that the orderers have. One that
// joined a channel with a history does not know itself to be a member before.
func (n *Network) catchUp(ctx context.Context, m *member) error {
	admin, err := n.site.ordererAdmin()
	if err != nil {
		return err
	}
	status, _, err := admin.status(ctx, n.site.Orderers[0])
	if err != nil {
		return err
	}
	for {
		height, _ := metric(ctx, n.site.at(peerName(m.Name), m.Operations), "ledger_blockchain_height")
		if height >= status.Height {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("network: peer.%s has %d of %d blocks: %w; the end of its log is:\n%s",
				m.Name, height, status.Height, ctx.Err(), n.site.process(peerName(m.Name)).lastLines())
		case <-time.After(poll):
		}
	}
}

// says reports whether a question to a peer is answered with a text. It tells
// whether something that failed was done before.
func (n *Network) says(ctx context.Context, m *member, text string, question ...string) bool {
	out, err := n.peerCommand(ctx, m, question...)
	return err == nil && strings.Contains(string(out), text)
}

// install installs each company's package on its peer.
func (n *Network) install(ctx context.Context) error {
	return each(n.site.Companies, func(m *member) error {
		if m.Installed {
			return nil
		}
		if err := n.installPackage(ctx, m, firstPackage, m.PackageID); err != nil {
			return err
		}
		return n.remember(func() { m.Installed = true })
	})
}

// installPackage installs a package on a company's peer.
func (n *Network) installPackage(ctx context.Context, m *member, file, id string) error {
	_, err := n.peerCommand(ctx, m, "lifecycle", "chaincode", "install", filepath.Join(m.folder(n.site), "chaincode", file))
	if err != nil && n.says(ctx, m, id, "lifecycle", "chaincode", "queryinstalled") {
		return nil
	}
	return err
}

// definition are the arguments that say what is agreed about the chaincode.
func (n *Network) definition(sequence int) []string {
	return []string{"--channelID", n.site.Channel, "--name", n.site.Chaincode, "--version", strconv.Itoa(sequence),
		"--sequence", strconv.Itoa(sequence), "--channel-config-policy", ledgerPolicy}
}

// firstSequence is that of the first definition.
const firstSequence = 1

// approve has each company approve the definition, with its own package.
func (n *Network) approve(ctx context.Context) error {
	sequence := max(n.site.Sequence, firstSequence)
	return each(n.site.Companies, func(m *member) error {
		if m.Approved >= sequence {
			return nil
		}
		if err := n.catchUp(ctx, m); err != nil {
			return err
		}
		return n.approveFor(ctx, m, m.PackageID, sequence)
	})
}

// approveFor has a company approve a definition with a package.
func (n *Network) approveFor(ctx context.Context, m *member, packageID string, sequence int) error {
	n.progress(m.MSP + " approves the chaincode")
	args := append([]string{"lifecycle", "chaincode", "approveformyorg", "--package-id", packageID}, n.definition(sequence)...)
	_, err := n.peerCommand(ctx, m, append(args, n.toOrderer(ctx)...)...)
	if err != nil && !n.says(ctx, m, packageID, "lifecycle", "chaincode", "queryapproved", "--channelID", n.site.Channel,
		"--name", n.site.Chaincode, "--sequence", strconv.Itoa(sequence)) {
		return err
	}
	return n.remember(func() { m.Approved = sequence })
}

// commit makes the definition the channel's.
func (n *Network) commit(ctx context.Context) error {
	return n.commitAt(ctx, firstSequence)
}

// commitAt makes the definition with a number the channel's.
func (n *Network) commitAt(ctx context.Context, sequence int) error {
	if n.site.Sequence >= sequence {
		return nil
	}
	n.progress("committing the chaincode")
	utility := n.site.Companies[0]
	args := append([]string{"lifecycle", "chaincode", "commit"}, n.definition(sequence)...)
	for _, m := range n.site.Companies {
		args = append(args, "--peerAddresses", n.site.peerAt(m), "--tlsRootCertFiles", filepath.Join(m.folder(n.site), "tlsca", "ca.crt"))
	}
	_, err := n.peerCommand(ctx, utility, append(args, n.toOrderer(ctx)...)...)
	if err != nil && !n.says(ctx, utility, fmt.Sprintf("Sequence: %d,", sequence), "lifecycle", "chaincode", "querycommitted",
		"--channelID", n.site.Channel, "--name", n.site.Chaincode) {
		return err
	}
	return n.remember(func() { n.site.Sequence = sequence })
}

// question asks the chaincode for the values of no keys: version 1, length 0.
const question = `{"Args":["get","\u0001\u0000"]}`

// answer waits until each peer answers with its chaincode.
func (n *Network) answer(ctx context.Context) error {
	return each(n.site.Companies, func(m *member) error {
		for last := error(nil); ; {
			_, err := n.peerCommand(ctx, m, "chaincode", "query", "-C", n.site.Channel, "-n", n.site.Chaincode, "-c", question)
			if err == nil {
				return nil
			}
			if ctx.Err() == nil {
				last = err
			}
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("network: the chaincode of %s does not answer: %w", m.Name, ctx.Err()), last)
			case <-time.After(10 * poll):
			}
		}
	})
}
