package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/agreements"
	"github.com/pointgrid/pointgrid/ledger"
)

type agreementAccept struct {
	asCompany
	agreementID
	Hash  string `placeholder:"HEX" help:"Hash of the terms that the company agreed to; nothing is signed when the ledger has others."`
	Terms string `type:"existingfile" placeholder:"FILE" help:"File with the terms that the company agreed to; nothing is signed when the ledger has others."`
	Yes   bool   `help:"Sign what the ledger has without asking, where neither --hash nor --terms says what to expect."`
}

// Run shows the terms with the hash computed from them, and signs it once it is
// clear that the company means these terms.
func (c *agreementAccept) Run(ctx context.Context) error {
	id, err := c.parse()
	if err != nil {
		return err
	}
	return c.as(ctx, func(company *agreements.Company) error {
		a, err := company.Find(ctx, id)
		if err != nil {
			return err
		}
		fmt.Printf("agreement %s (%s), proposed by %s:\n\n", a.ID, a.Status, a.ProposedBy.MSP)
		if err := agreements.WriteTerms(os.Stdout, &a.Terms); err != nil {
			return err
		}
		fmt.Println()
		if err := c.meant(ctx, a); err != nil {
			return err
		}
		if a, err = company.Accept(ctx, id, a.Terms.Hash()); err != nil {
			return err
		}
		fmt.Printf("%s accepted agreement %s\n", company.Identity.MSP, a.ID)
		return nil
	})
}

// meant reports whether the terms are those that the company agreed to.
func (c *agreementAccept) meant(ctx context.Context, a *ledger.Agreement) error {
	hash := a.Terms.Hash()
	if hash != a.Hash {
		return fmt.Errorf("nothing was signed: these terms have the hash %s, but the ledger keeps them under %s", hash, a.Hash)
	}
	if c.Hash != "" && c.Hash != hash.String() {
		return fmt.Errorf("nothing was signed: the hash of the terms on the ledger is %s, not %s", hash, c.Hash)
	}
	if c.Terms != "" {
		expected, err := agreements.ReadFile(c.Terms)
		if err != nil {
			return err
		}
		if expected.Hash() != hash {
			return errors.Join(agreements.WriteDifferences(os.Stdout, &expected, &a.Terms),
				fmt.Errorf("nothing was signed: the ledger has other terms than %s", c.Terms))
		}
	}
	if c.Yes || c.Hash != "" || c.Terms != "" {
		return nil
	}
	return confirm(ctx, os.Stdin, os.Stdout, "Sign these terms? [y/N] ")
}

// confirm asks a person. Whoever ends the program instead has not agreed.
func confirm(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	fmt.Fprint(out, question)
	answers := make(chan string, 1)
	go func() {
		// What cannot be read is no agreement either.
		answer, _ := bufio.NewReader(io.LimitReader(in, 64)).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(out)
	}
	return errors.New("nothing was signed; answer y, or say with --hash or --terms what the company agreed to")
}
