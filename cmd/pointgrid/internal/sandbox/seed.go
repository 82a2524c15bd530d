package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Member returns the utility's number of the n-th member, from 1.
func Member(n int) string { return fmt.Sprintf("M-%06d", n) }

// Membership returns a company's number of the n-th member.
func (c Company) Membership(n int) string { return fmt.Sprintf("%s-%06d", c.Prefix, n) }

// Seeding says what a new sandbox begins with.
type Seeding struct {
	Ledger ledger.Ledger
	Links  interface {
		CreateLink(context.Context, *exchange.Link) error
	}
	Registry *members.Registry
	Hub, MSP string
	Window   ledger.Date
	Members  int   // with electricity points
	Points   int64 // of each member
	Linked   int   // the first of them are linked with every company
	// Stories says that some members have stories of their own: see [Personas].
	Stories bool
	Opens   time.Time // when the sandbox opens
	Now     func() time.Time
	Random  io.Reader
}

// Run initialises the ledger, admits the companies, signs the agreements, issues
// points and links members. The ledger must be new.
func (s *Seeding) Run(ctx context.Context) error {
	utility := ledger.Identity{MSP: s.MSP, Subject: "sandbox"}
	if err := s.submit(ctx, utility, &ledger.Initialise{Hub: s.Hub, Window: s.Window}); err != nil {
		return err
	}
	for _, c := range Companies() {
		if err := s.admit(ctx, utility, c); err != nil {
			return fmt.Errorf("company %s: %w", c.Code, err)
		}
	}
	if err := s.issue(ctx, utility); err != nil {
		return err
	}
	return s.link(ctx)
}

// admit registers a company and has each of its rate cards proposed by the
// utility and accepted by the company.
func (s *Seeding) admit(ctx context.Context, utility ledger.Identity, c Company) error {
	err := s.submit(ctx, utility, &ledger.RegisterPartner{Partner: c.Code, Programme: c.Programme, Scale: c.Scale, MSP: c.MSP})
	if err != nil {
		return err
	}
	for _, t := range c.Terms {
		id, err := s.id()
		if err != nil {
			return err
		}
		if err := s.give(ctx, utility, ledger.Command{ID: id, Body: &ledger.ProposeAgreement{Terms: t}}); err != nil {
			return err
		}
		theirs := ledger.Identity{MSP: c.MSP, Subject: c.Code}
		if err := s.submit(ctx, theirs, &ledger.AcceptAgreement{Agreement: id, Hash: t.Hash()}); err != nil {
			return err
		}
	}
	return nil
}

// lotMonths are the months, from now, in which a member's first points expire.
var lotMonths = [3]ledger.Month{2, 8, 20}

// issue gives each member its points in lots of different months.
func (s *Seeding) issue(ctx context.Context, utility ledger.Identity) error {
	if err := s.register(ctx); err != nil {
		return err
	}
	var batch []ledger.Command
	for n := 1; n <= s.Members; n++ {
		if s.Stories && !welcomed(n) {
			continue
		}
		account, err := s.Registry.Account(ctx, Member(n))
		if err != nil {
			return err
		}
		for i, months := range lotMonths {
			id, err := s.id()
			if err != nil {
				return err
			}
			batch = append(batch, ledger.Command{ID: id, Body: &ledger.Issue{Account: account,
				Amount: share(s.Points, i), Expiry: s.Window.Month() + months, Reason: "sandbox welcome points"}})
		}
		if len(batch) >= 999 {
			if err := s.give(ctx, utility, batch...); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return s.give(ctx, utility, batch...)
}

// register takes the members in, many at once.
func (s *Seeding) register(ctx context.Context) error {
	const together = 500
	for first := 1; first <= s.Members; first += together {
		var numbers []string
		for n := first; n <= min(first+together-1, s.Members); n++ {
			numbers = append(numbers, Member(n))
		}
		if _, err := s.Registry.Register(ctx, numbers); err != nil {
			return err
		}
	}
	return nil
}

// share splits points over the lots without losing any.
func share(points int64, lot int) int64 {
	n := int64(len(lotMonths))
	if lot == 0 {
		return points/n + points%n
	}
	return points / n
}

// link links the first members with every company.
func (s *Seeding) link(ctx context.Context) error {
	errs := make(chan error)
	for _, c := range Companies() {
		go func() { errs <- s.linkCompany(ctx, c) }()
	}
	var all []error
	for range Companies() {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func (s *Seeding) linkCompany(ctx context.Context, c Company) error {
	const together = 256 // the store writes rows that wait at the same time in one transaction
	errs := make(chan error, together)
	for first := 1; first <= s.Linked; first += together {
		last := min(first+together-1, s.Linked)
		for n := first; n <= last; n++ {
			go func() { errs <- s.linkMember(ctx, c, n) }()
		}
		for range last - first + 1 {
			if err := <-errs; err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Seeding) linkMember(ctx context.Context, c Company, n int) error {
	now := s.Now()
	return s.Links.CreateLink(ctx, &exchange.Link{ID: LinkID(c, n), Partner: c.Code, Member: Member(n),
		Membership: c.Membership(n), CreatedAt: now.UnixMilli(),
		Consent: exchange.Consent{TextVersion: "sandbox-1", GivenAt: now.UnixMilli(), Channel: "app"}})
}

// LinkID returns the ID of a seeded link: the same in every sandbox, so that
// examples can be pasted.
func LinkID(c Company, n int) ledger.ID {
	var random [10]byte
	copy(random[:], c.Code)
	random[6], random[7], random[8], random[9] = byte(n>>20), byte(n>>12), byte(n>>4), byte(n<<4)
	return ledger.NewID(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), random)
}

func (s *Seeding) id() (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(s.Random, random[:]); err != nil {
		return ledger.ID{}, err
	}
	return ledger.NewID(s.Now(), random).Root(), nil
}

func (s *Seeding) submit(ctx context.Context, who ledger.Identity, body ledger.Body) error {
	id, err := s.id()
	if err != nil {
		return err
	}
	return s.give(ctx, who, ledger.Command{ID: id, Body: body})
}

func (s *Seeding) give(ctx context.Context, who ledger.Identity, commands ...ledger.Command) error {
	results, err := s.Ledger.Submit(ctx, who, commands...)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK {
			return fmt.Errorf("%s: %s: %s", commands[i].Body.Kind(), r.Code, r.Message)
		}
	}
	return nil
}
