package rewards

import (
	"context"
	"fmt"
)

// personMax bounds the name of a maker or checker.
const personMax = 64

// readRules makes the book anew.
func (s *Service) readRules(ctx context.Context) error {
	rules, err := s.o.Store.RewardRules(ctx)
	if err != nil {
		return fmt.Errorf("rewards: read the rules: %w", err)
	}
	s.book.Store(NewBook(rules))
	return nil
}

// Rules returns all rules in order of code and version.
func (s *Service) Rules(ctx context.Context) ([]Rule, error) { return s.o.Store.RewardRules(ctx) }

// Rule returns a rule by its ID, or [ErrNotFound].
func (s *Service) Rule(ctx context.Context, id string) (*Rule, error) {
	code, version, err := ParseRuleID(id)
	if err != nil {
		return nil, err
	}
	rules, err := s.o.Store.RewardRules(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rules {
		if rules[i].Code == code && rules[i].Version == version {
			return &rules[i], nil
		}
	}
	return nil, ErrNotFound
}

// Propose stores the next version of a series of rules, which counts for nothing
// until somebody else approves it. It returns a [*Refusal], or [ErrChanged] when
// somebody else proposed one at the same time.
func (s *Service) Propose(ctx context.Context, maker string, t Terms) (*Rule, error) {
	if err := t.Validate(s.o.Ladder, s.o.Channels); err != nil {
		return nil, err
	}
	if maker == "" || len(maker) > personMax {
		return nil, refuse(CodeInvalid, "maker", "a rule is proposed by somebody with a name of up to %d bytes", personMax)
	}
	s.deciding.Lock()
	defer s.deciding.Unlock()
	rules, err := s.o.Store.RewardRules(ctx)
	if err != nil {
		return nil, err
	}
	if len(rules) >= rulesMax {
		return nil, refuse(CodeTooManyRules, "", "there are %d versions of rules, at most %d", len(rules), rulesMax)
	}
	r := &Rule{Terms: t, Version: 1, State: Proposed, Maker: maker, ProposedAt: s.o.Now().UnixMilli()}
	for i := range rules {
		if rules[i].Code == t.Code {
			r.Version = rules[i].Version + 1
		}
	}
	return r, s.o.Store.AddRewardRule(ctx, r)
}

// Approve puts a proposed rule in force from when its terms say. The checker is
// somebody else than the maker, and the rule must not begin in the past: what an
// event earned would otherwise depend on when it came.
func (s *Service) Approve(ctx context.Context, checker, id string) (*Rule, error) {
	return s.decideRule(ctx, checker, id, func(r *Rule) error {
		if now := s.o.Now().UnixMilli(); r.From < now {
			return refuse(CodeRetroactive, "effective_from", "the rule would be in force from %d ms ago on; propose one that begins later", now-r.From)
		}
		r.State = Approved
		return nil
	})
}

// Reject ends a proposed rule. The maker may do that too.
func (s *Service) Reject(ctx context.Context, by, id, reason string) (*Rule, error) {
	if len(reason) > reasonMax {
		return nil, refuse(CodeInvalid, "reason", "the reason has %d bytes, at most %d", len(reason), reasonMax)
	}
	return s.decideRule(ctx, by, id, func(r *Rule) error {
		r.State, r.Reason = Rejected, reason
		return nil
	})
}

func (s *Service) decideRule(ctx context.Context, by, id string, decide func(*Rule) error) (*Rule, error) {
	s.deciding.Lock()
	defer s.deciding.Unlock()
	r, err := s.Rule(ctx, id)
	if err != nil {
		return nil, err
	}
	if by == "" || len(by) > personMax {
		return nil, refuse(CodeInvalid, "checker", "a rule is decided by somebody with a name of up to %d bytes", personMax)
	}
	if r.State != Proposed {
		return nil, refuse(CodeRuleDecided, "", "the rule is %s already", r.State)
	}
	if err := decide(r); err != nil {
		return nil, err
	}
	if r.State == Approved && by == r.Maker {
		return nil, refuse(CodeSamePerson, "", "who proposed a rule does not approve it; ask somebody else")
	}
	r.Checker, r.DecidedAt = by, s.o.Now().UnixMilli()
	if err := s.o.Store.DecideRewardRule(ctx, r); err != nil {
		return nil, err
	}
	return r, s.readRules(ctx)
}
