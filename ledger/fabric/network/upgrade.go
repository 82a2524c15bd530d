package network

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errUpgrading says why something else has to wait.
var errUpgrading = errors.New("network: an upgrade of the chaincode was begun and not finished; run it again first")

// upcoming is a company's chaincode that is to take the place of the present one.
type upcoming struct {
	Port      int    `json:"port"`
	PackageID string `json:"package_id"`
	Installed bool   `json:"installed"`
}

// Upgrade replaces the chaincode of every company by a new one, while the channel
// works: beside each chaincode the new program is started and its package
// installed on the peer; the companies approve the next definition; and when it
// is committed, the peers ask the new one, and the old one is ended once it has
// answered what it was asked. The program is the chaincode server; empty is that
// with which the network was started. Called again after an error it goes on
// where it stopped.
//
// From one peer's committing the definition to the last's, peers answer by
// different programs, and what was endorsed by both is given again; what is
// already ordered stays valid.
func (n *Network) Upgrade(ctx context.Context, program string) error {
	unlock, err := await(ctx, n.site.path("lock"), func() { n.progress("waiting for another command on this network") })
	if err != nil {
		return err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, raiseMax)
	defer cancel()
	if n.site.Containers {
		return errContainers
	}
	if n.site.Sequence < firstSequence {
		return errors.New("network: there is no chaincode yet that could be upgraded; bring the network up first")
	}
	if program != "" {
		n.chaincode = program
	}
	for _, step := range []func(context.Context) error{n.planUpgrade, n.startNext, n.installNext, n.approveNext, n.commitNext, n.switchOver} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	n.progress(fmt.Sprintf("definition %d of the chaincode is in force", n.site.Sequence))
	return nil
}

// planUpgrade decides where the new chaincodes listen, unless that was done.
func (n *Network) planUpgrade(context.Context) error {
	if n.site.Upgrade != 0 {
		return nil
	}
	sequence := n.site.Sequence + 1
	ports, err := FreePorts(len(n.site.Companies))
	if err != nil {
		return err
	}
	all := make([]*upcoming, len(ports))
	for i, m := range n.site.Companies {
		all[i] = &upcoming{Port: ports[i]}
		next := *m
		next.Chaincode = ports[i]
		if all[i].PackageID, err = pack(m.folder(n.site), packageFile(sequence), n.site.chaincodeAt(&next)); err != nil {
			return err
		}
	}
	return n.remember(func() {
		n.site.Upgrade = sequence
		for i, m := range n.site.Companies {
			m.Next = all[i]
		}
	})
}

// packageFile is the file of the package for a later definition.
func packageFile(sequence int) string { return fmt.Sprintf("package-%d.tgz", sequence) }

func (n *Network) startNext(ctx context.Context) error {
	n.progress("starting the new chaincodes beside the present ones")
	return each(n.site.Companies, func(m *member) error {
		return n.Start(ctx, nextOf(m.Name))
	})
}

func (n *Network) installNext(ctx context.Context) error {
	return each(n.site.Companies, func(m *member) error {
		if m.Next.Installed {
			return nil
		}
		if err := n.installPackage(ctx, m, packageFile(n.site.Upgrade), m.Next.PackageID); err != nil {
			return err
		}
		return n.remember(func() { m.Next.Installed = true })
	})
}

func (n *Network) approveNext(ctx context.Context) error {
	return each(n.site.Companies, func(m *member) error {
		if m.Approved >= n.site.Upgrade {
			return nil
		}
		return n.approveFor(ctx, m, m.Next.PackageID, n.site.Upgrade)
	})
}

func (n *Network) commitNext(ctx context.Context) error { return n.commitAt(ctx, n.site.Upgrade) }

// switchOver ends the old chaincodes, each when its peer asks the new one.
func (n *Network) switchOver(ctx context.Context) error {
	err := each(n.site.Companies, func(m *member) error { return n.catchUp(ctx, m) })
	if err == nil {
		err = n.answer(ctx)
	}
	if err != nil {
		return err
	}
	n.progress("ending the old chaincodes")
	if err := each(n.site.Companies, func(m *member) error { return n.end(ctx, chaincodeOf(m.Name), false) }); err != nil {
		return err
	}
	return n.remember(func() {
		for _, m := range n.site.Companies {
			*m = *m.replaced(n.site.Upgrade)
		}
		n.site.Upgrade = 0
	})
}

// replaced returns the company as it is with its new chaincode, or nil if there is
// none.
func (m *member) replaced(sequence int) *member {
	if m.Next == nil {
		return nil
	}
	now := *m
	now.Chaincode, now.PackageID, now.Serves, now.Next = m.Next.Port, m.Next.PackageID, sequence, nil
	return &now
}

// processFile is the name of a process's files. A chaincode's later ones have
// their own, because both run for a while.
func (s *site) processFile(name string) string {
	company, isChaincode := strings.CutPrefix(name, chaincodeOf(""))
	if !isChaincode {
		return name
	}
	sequence := s.Upgrade
	plain, isNext := strings.CutSuffix(company, ".next")
	m, ok := s.member(plain)
	if !isNext && ok {
		sequence = m.Serves
	}
	if !ok || sequence <= firstSequence {
		return name
	}
	return fmt.Sprintf("%s.%d", chaincodeOf(plain), sequence)
}
