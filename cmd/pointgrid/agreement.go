package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/agreements"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

type agreementCommand struct {
	Propose agreementPropose `cmd:"" help:"Offer a rate card to the other company."`
	Accept  agreementAccept  `cmd:"" help:"Sign a rate card that the other company proposed."`
	Reject  agreementReject  `cmd:"" help:"Refuse a rate card that the other company proposed, or withdraw one's own."`
	List    agreementList    `cmd:"" help:"Show all rate cards and which are in force."`
}

// asCompany says as whom a command is given: the home company of a profile, by
// its own key and through its own peer.
type asCompany struct {
	Profile string `required:"" type:"existingfile" placeholder:"FILE" help:"Connection profile of the company that acts, which names its key; for example DIR/companies/sky/profile.json."`
}

// open connects as the company. The caller closes the ledger.
func (a asCompany) open(ctx context.Context) (*agreements.Company, error) {
	l, msp, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return &agreements.Company{Ledger: l, Identity: ledger.Identity{MSP: msp}, Now: time.Now, Random: rand.Reader, Patience: peersPatience}, nil
}

// connect returns the ledger and the company as which it is spoken to.
func (a asCompany) connect(ctx context.Context) (l *fabric.Ledger, msp string, err error) {
	p, err := profile.Read(a.Profile)
	if err != nil {
		return nil, "", err
	}
	if !slices.ContainsFunc(p.Identities, func(i profile.Identity) bool { return i.MSP == p.Home }) {
		return nil, "", fmt.Errorf("%s has no identity of %s, its home: add the company's certificate and key under identities", a.Profile, p.Home)
	}
	l, err = fabric.Open(ctx, fabric.Options{Profile: p, Clock: time.Now, Timer: time.Now, Logger: logger(config.Log{Level: "error", Format: "text"})})
	if err != nil {
		return nil, "", fmt.Errorf("connecting as %s: %w", p.Home, err)
	}
	return l, p.Home, nil
}

// peersPatience is how long the other companies' peers may take to be heard of.
const peersPatience = 5 * time.Second

// as runs what a company does, and disconnects.
func (a asCompany) as(ctx context.Context, do func(*agreements.Company) error) error {
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Ledger.Close())
}

type agreementPropose struct {
	asCompany
	Terms string `required:"" type:"existingfile" placeholder:"FILE" help:"YAML or JSON file with the terms: the fields of Terms in the REST API (rate from_units and to_units, price and exposure_cap in yuan as decimals)."`
}

// Run proposes, and says how the other company accepts.
func (c *agreementPropose) Run(ctx context.Context) error {
	terms, err := agreements.ReadFile(c.Terms)
	if err != nil {
		return err
	}
	return c.as(ctx, func(company *agreements.Company) error {
		a, err := company.Propose(ctx, terms)
		if err != nil {
			return err
		}
		fmt.Printf("%s proposed agreement %s:\n\n", company.Identity.MSP, a.ID)
		if err := agreements.WriteTerms(os.Stdout, &a.Terms); err != nil {
			return err
		}
		fmt.Printf("\nThe other company reads these terms and signs their hash:\npointgrid agreement accept %s --hash %s --profile FILE\n", a.ID, a.Hash)
		return nil
	})
}

// agreementID is the agreement that a command is about.
type agreementID struct {
	ID string `arg:"" name:"agreement" help:"ID of the agreement, as the list shows it."`
}

func (a agreementID) parse() (ledger.ID, error) {
	id, err := ledger.ParseID(a.ID)
	if err != nil {
		return id, fmt.Errorf("agreement %q is not an ID as the list shows it, 36 characters like 0190163d-8694-739b-aea5-966c26f8ad91", a.ID)
	}
	return id, nil
}

type agreementReject struct {
	asCompany
	agreementID
	Reason string `required:"" help:"Why, at most 200 bytes; everybody on the ledger can read it."`
}

// Run rejects.
func (c *agreementReject) Run(ctx context.Context) error {
	id, err := c.parse()
	if err != nil {
		return err
	}
	return c.as(ctx, func(company *agreements.Company) error {
		a, err := company.Reject(ctx, id, c.Reason)
		if err != nil {
			return err
		}
		fmt.Printf("%s rejected agreement %s\n", company.Identity.MSP, a.ID)
		return nil
	})
}

type agreementList struct {
	asCompany
	Partner string `placeholder:"CODE" help:"Only those with this partner."`
}

// Run prints a table.
func (c *agreementList) Run(ctx context.Context) error {
	return c.as(ctx, func(company *agreements.Company) error {
		all, err := company.Ledger.Agreements(ctx)
		if err != nil {
			return err
		}
		if c.Partner != "" {
			all = slices.DeleteFunc(all, func(a ledger.Agreement) bool { return a.Terms.Partner != c.Partner })
		}
		if len(all) == 0 {
			fmt.Println("no agreements")
			return nil
		}
		return agreements.WriteList(os.Stdout, all, time.Now())
	})
}
