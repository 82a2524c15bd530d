package console

import (
	"errors"
	"net/http"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/signing"
)

func (c *Console) signingLeaves() []leaf {
	get, post, one := http.MethodGet, http.MethodPost, "/settlements/{id}"
	return []leaf{
		{get, one + "/propose", c.confirm("propose"), makers, 0},
		{post, one + "/propose", c.propose, makers, 0},
		{get, one + "/sign", c.confirm("sign"), checkers, 0},
		{post, one + "/sign", c.sign, checkers, 0},
		{get, one + "/acknowledge", c.confirm("acknowledge"), finance, 0},
		{post, one + "/acknowledge", c.acknowledge, finance, 0},
		{get, one + "/dispute", c.confirm("dispute"), finance, 0},
		{post, one + "/dispute", c.dispute, finance, 0},
	}
}

// confirmBody is the page before a step: what exactly is put forward or signed.
type confirmBody struct {
	*settlementBody
	Do string // the step
}

// confirm shows what a step is about before it is taken.
func (c *Console) confirm(do string) func(*visit) error {
	return func(v *visit) error {
		s, err := c.settlement(v)
		if err != nil {
			return err
		}
		return c.confirmPage(v, http.StatusOK, do, s, nil, "")
	}
}

func (c *Console) confirmPage(v *visit, status int, do string, s *settlement.Settlement, r *refusal, reason string) error {
	b, err := c.settlementBody(v, s)
	if err != nil {
		return err
	}
	b.Refusal, b.Reason = r, reason
	return c.showStatus(v, status, "confirm", &confirmBody{b, do})
}

// step takes a step and leads back to the settlement. What the ledger or a
// colleague's haste refuses is explained beside what the settlement is now.
func (c *Console) step(v *visit, do string, take func(id string) (*settlement.Settlement, error)) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	if _, err = take(s.ID); err == nil {
		return c.done(v, "/settlements/"+s.ID, "flash."+do)
	}
	r := signingRefusal(err)
	if r == nil {
		return err
	}
	if s, err = c.settlement(v); err != nil { // as it is now
		return err
	}
	return c.confirmPage(v, http.StatusConflict, do, s, r, v.r.PostForm.Get("reason"))
}

// signingRefusal tells what a person can mend from what is our failure.
func signingRefusal(err error) *refusal {
	for _, known := range []struct {
		code     string
		sentinel error
	}{{"same_person", signing.ErrSamePerson}, {"digest", signing.ErrDigest}, {"unresolved", signing.ErrUnresolved}, {"not_permitted", signing.ErrNotPermitted},
		{"no_identity", ledger.ErrNoIdentity}, {"reason", signing.ErrInvalid}, {"step", signing.ErrState}} {
		if errors.Is(err, known.sentinel) {
			return &refusal{known.code, err.Error()}
		}
	}
	return nil
}

func (c *Console) propose(v *visit) error {
	return c.step(v, "propose", func(id string) (*settlement.Settlement, error) {
		return c.o.Signing.Propose(v.r.Context(), v.person, id)
	})
}

func (c *Console) sign(v *visit) error {
	return c.step(v, "sign", func(id string) (*settlement.Settlement, error) {
		digest, err := seen(v)
		if err != nil {
			return nil, err
		}
		return c.o.Signing.Sign(v.r.Context(), v.person, id, digest)
	})
}

func (c *Console) acknowledge(v *visit) error {
	return c.step(v, "acknowledge", func(id string) (*settlement.Settlement, error) {
		digest, err := seen(v)
		if err != nil {
			return nil, err
		}
		return c.o.Signing.Acknowledge(v.r.Context(), v.person, id, digest)
	})
}

func (c *Console) dispute(v *visit) error {
	return c.step(v, "dispute", func(id string) (*settlement.Settlement, error) {
		return c.o.Signing.Dispute(v.r.Context(), v.person, id, v.r.PostForm.Get("reason"))
	})
}

// seen is the digest that stood on the page that the form is of.
func seen(v *visit) (digest ledger.Hash, err error) {
	if err = digest.UnmarshalText([]byte(v.r.PostForm.Get("digest"))); err != nil {
		err = signing.ErrDigest
	}
	return digest, err
}
