package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/signin"
)

// userCommand works on a stopped gateway, because only one process can have its
// database open.
type userCommand struct {
	Add     userAdd     `cmd:"" help:"Add an account for a member of staff, of a partner or of the utility, and print its first password."`
	List    userList    `cmd:"" help:"Show the accounts of a company."`
	Reset   userReset   `cmd:"" help:"Give somebody a new password, drop the second factor, end all sessions, and open a disabled account again."`
	Disable userDisable `cmd:"" help:"Close an account and end its sessions."`
}

// userConfig says whose users.
type userConfig struct {
	Config string `help:"Configuration file of the gateway." type:"existingfile" env:"POINTGRID_CONFIG"`
}

// with opens the accounts, and closes them when do is done.
func (u userConfig) with(ctx context.Context, do func(*config.Config, *signin.Service) error) error {
	c, err := config.Load(u.Config, os.Environ())
	if err != nil {
		return err
	}
	store, err := gateway.OpenStore(ctx, &c, time.Now, logger(config.Log{Level: "error", Format: "text"}))
	if errors.Is(err, sqlstore.ErrInUse) {
		return fmt.Errorf("user: the gateway is running; stop it first: %w", err)
	}
	if err != nil {
		return err
	}
	service, err := gateway.Staff(&c, store, time.Now, rand.Reader, logger(config.Log{Level: "error", Format: "text"}))
	if err == nil {
		err = do(&c, service)
	}
	return errors.Join(err, store.Close())
}

type userAdd struct {
	userConfig
	Login   string        `arg:"" help:"What the user signs in with: 3 to 64 of a-z, 0-9 and . _ @ + -"`
	Name    string        `required:"" help:"The user's name, as pages show it."`
	Company string        `placeholder:"CODE" help:"Code of the partner; the utility when not given. It can't be changed later."`
	Role    []signin.Role `required:"" placeholder:"ROLE" help:"May be given several times. A partner's: engineer, finance. The utility's: admin, maker, checker, viewer, marketing, support."`
}

// Run adds the account.
func (a *userAdd) Run(ctx context.Context) error {
	return a.with(ctx, func(c *config.Config, s *signin.Service) error {
		if err := knownCompany(c, a.Company); err != nil {
			return err
		}
		u, password, err := s.AddUser(ctx, signin.NewUser{Login: a.Login, Name: a.Name, Company: a.Company, Roles: a.Role})
		if errors.Is(err, signin.ErrTaken) {
			return fmt.Errorf("user: %q is there already; pointgrid user reset gives it a new password", a.Login)
		}
		if err != nil {
			return err
		}
		fmt.Printf("added %s. The first password, to be changed within seven days:\n%s\n", u.Login, password)
		return nil
	})
}

func knownCompany(c *config.Config, code string) error {
	known := []string{}
	for _, p := range c.Companies {
		if p.Code == code {
			return nil
		}
		known = append(known, p.Code)
	}
	if code == "" {
		return nil
	}
	return fmt.Errorf("user: company %q is not in the configuration, which has %s", code, strings.Join(known, ", "))
}

type userList struct {
	userConfig
	Company string `placeholder:"CODE" help:"Code of the partner; the utility when not given."`
}

// Run prints a table.
func (l *userList) Run(ctx context.Context) error {
	return l.with(ctx, func(c *config.Config, s *signin.Service) error {
		if err := knownCompany(c, l.Company); err != nil {
			return err
		}
		all, err := s.Users(ctx, l.Company)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "LOGIN\tNAME\tROLES\tSECOND FACTOR\tSTATE")
		for _, u := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", u.Login, u.Name, rolesText(u.Roles), onOff(u.SecondFactor()), userState(u))
		}
		return t.Flush()
	})
}

func rolesText(roles []signin.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func userState(u *signin.User) string {
	switch {
	case u.DisabledAt != 0:
		return "disabled"
	case u.MustChange:
		return "password to be changed"
	}
	return "active"
}

type userReset struct {
	userConfig
	Login string `arg:"" help:"Whose."`
}

// Run resets the account.
func (r *userReset) Run(ctx context.Context) error {
	return r.with(ctx, func(_ *config.Config, s *signin.Service) error {
		password, err := s.ResetUser(ctx, r.Login)
		if err != nil {
			return noUser(err, r.Login)
		}
		fmt.Printf("the new password of %s, to be changed at the next sign-in:\n%s\n", r.Login, password)
		return nil
	})
}

type userDisable struct {
	userConfig
	Login string `arg:"" help:"Whose."`
}

// Run disables the account.
func (d *userDisable) Run(ctx context.Context) error {
	return d.with(ctx, func(_ *config.Config, s *signin.Service) error {
		if err := s.DisableUser(ctx, d.Login); err != nil {
			return noUser(err, d.Login)
		}
		fmt.Printf("%s is disabled\n", d.Login)
		return nil
	})
}

func noUser(err error, login string) error {
	if errors.Is(err, signin.ErrNotFound) {
		return fmt.Errorf("user: there is no %q; pointgrid user list shows who there is", login)
	}
	return err
}
