package rewards

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Privileges are what a tier brings. They take effect where they are asked for.
type Privileges struct {
	// ConversionBonus is what is added to points that are converted, in ten-thousandths.
	ConversionBonus int64 `json:"conversion_bonus_bps" yaml:"conversion_bonus_bps"`
	// Limits is by how much the limits of the gateway (not those of agreements, which
	// two companies signed) are higher, in percent: 100 is as they are.
	Limits int64 `json:"limits_percent" yaml:"limits_percent"`
	Shelf  bool  `json:"exclusive_shelf" yaml:"exclusive_shelf"`
	Fast   bool  `json:"fast_channel" yaml:"fast_channel"`
}

// Tier is one level of a [Ladder].
type Tier struct {
	Code   string `json:"code" yaml:"code"`
	Name   string `json:"name" yaml:"name"`
	NameZH string `json:"name_zh" yaml:"name_zh"`
	// From is how many points a member must have earned within twelve months.
	From       int64 `json:"from" yaml:"from"`
	Privileges `yaml:",inline"`
}

// Ladder is the tiers, lowest first.
type Ladder []Tier

// tiersMax bounds a ladder.
const tiersMax = 16

// DefaultLadder returns four tiers.
func DefaultLadder() Ladder {
	return Ladder{
		{Code: "standard", Name: "Standard", NameZH: "普通会员", From: 0, Privileges: Privileges{Limits: 100}},
		{Code: "silver", Name: "Silver", NameZH: "银卡会员", From: 2_000, Privileges: Privileges{ConversionBonus: 100, Limits: 120}},
		{Code: "gold", Name: "Gold", NameZH: "金卡会员", From: 8_000, Privileges: Privileges{ConversionBonus: 200, Limits: 150, Shelf: true}},
		{Code: "platinum", Name: "Platinum", NameZH: "白金会员", From: 20_000, Privileges: Privileges{ConversionBonus: 300, Limits: 200, Shelf: true, Fast: true}},
	}
}

// Validate reports what is wrong with the ladder.
func (l Ladder) Validate() error {
	if len(l) < 1 || len(l) > tiersMax || l[0].From != 0 {
		return fmt.Errorf("rewards: a ladder has 1 to %d tiers, the lowest from 0 points", tiersMax)
	}
	for i, t := range l {
		switch {
		case !wordForm.MatchString(t.Code) || l.index(t.Code) != i:
			return fmt.Errorf("rewards: the code of tier %d must be 1 to 32 of a-z, 0-9, _ and -, and nobody else's", i+1)
		case i > 0 && t.From <= l[i-1].From:
			return fmt.Errorf("rewards: tier %s must begin above %d points", t.Code, l[i-1].From)
		case t.ConversionBonus < 0 || t.ConversionBonus > 10_000 || t.Limits < 100 || t.Limits > 10_000:
			return errors.New("rewards: a bonus is 0 to 10000 basis points, limits are 100 to 10000 percent")
		}
	}
	return nil
}

// index returns the place of a tier, -1 when there is none of the code.
func (l Ladder) index(code string) int {
	for i := range l {
		if l[i].Code == code {
			return i
		}
	}
	return -1
}

// reached is the place of the highest tier that so many points reach.
func (l Ladder) reached(points int64) int {
	best := 0
	for i := range l {
		if points >= l[i].From {
			best = i
		}
	}
	return best
}

// Standing is a member's, as far as rewards go.
type Standing struct {
	Member string
	Tier   string      // code
	Since  ledger.Date // business day from which the member has had it
	// Below is the business day on which the member fell below the tier, 0 while
	// they are not. After the days of grace the tier goes down.
	Below ledger.Date
	// Earned is the points earned by events of the twelve months that end with AsOf,
	// or later, less those that were taken back.
	Earned int64
	AsOf   ledger.Date
	// Changed is, of a standing that is to be stored with another tier, what is to be
	// remembered of the one before; nil otherwise.
	Changed *TierChange
}

// tierOf is the place of the member's tier; one that the ladder no longer has is
// the one that the points reach.
func (l Ladder) tierOf(s *Standing) int {
	if i := l.index(s.Tier); i >= 0 {
		return i
	}
	return l.reached(s.Earned)
}

// rise gives the member the tier that the points reach, if it is higher.
func (l Ladder) rise(s *Standing, today ledger.Date) {
	reached, has := l.reached(s.Earned), l.tierOf(s)
	if reached > has || l.index(s.Tier) < 0 {
		s.Tier, s.Since = l[max(reached, has)].Code, today
	}
	if reached >= has {
		s.Below = 0
	}
}

// review is rise with the way down: who has been below their tier for the days of
// grace goes down to what the points reach.
func (l Ladder) review(s *Standing, today ledger.Date, grace int) {
	l.rise(s, today)
	switch reached := l.reached(s.Earned); {
	case reached >= l.tierOf(s):
	case s.Below == 0:
		s.Below = today
	case int(today-s.Below) >= grace:
		s.Tier, s.Since, s.Below = l[reached].Code, today, 0
	}
}

// Way is a member's tier and the way to the next one.
type Way struct {
	Standing
	Now Tier
	// Next is the tier above, nil at the top, and Missing the points to it.
	Next    *Tier
	Missing int64
	// Until is the last day on which the tier is kept without earning more, 0 while
	// it is not in danger.
	Until ledger.Date
}

// Way returns the way of a member with a standing.
func (l Ladder) Way(s Standing, grace int) Way {
	i := l.tierOf(&s)
	w := Way{Standing: s, Now: l[i]}
	w.Tier = l[i].Code
	if i+1 < len(l) {
		w.Next, w.Missing = &l[i+1], max(l[i+1].From-s.Earned, 0)
	}
	if s.Below != 0 {
		w.Until = s.Below + ledger.Date(grace) - 1
	}
	return w
}
