package sqlstore

import (
	"strings"
	"testing"
)

func TestRewardsFindTheirRowsByAnIndex(t *testing.T) {
	s := newStore(t)
	for name, c := range map[string]struct {
		query string
		want  string
	}{
		"what caps count reads no row": {sumEarned(shortPiece), "USING COVERING INDEX reward_events_member (member=? AND day>? AND day<?)"},
		"what tiers count":             {sumSince(shortPiece), "USING INDEX reward_events_member (member=? AND day>?)"},
		"events by ID":                 {selectRewardsAmong(shortPiece), "USING INDEX sqlite_autoindex_reward_events_1 (id=?)"},
		"what is unfinished":           {selectRewardsOpen, "USING INDEX reward_events_unfinished (id>?)"},
		"a member's history":           {selectRewardHistory, "USING INDEX reward_events_member (member=? AND day<?)"},
		"past days":                    {selectRewardsPast, "USING INDEX reward_events_day (day>? AND day<?)"},
		"totals":                       {sumRewards, "USING INDEX reward_events_day (day>? AND day<?)"},
		"who has an account":           {selectMemberWith, "USING INDEX sqlite_autoindex_members_2 (account=?)"},
		"who has no account yet":       {selectUnknownOnes, "USING INDEX sqlite_autoindex_members_2 (account=?)"},
		"the erasure of an account":    {selectErasureOf, "USING INDEX member_erasures_all (account=?)"},
		"erasures that have not ended": {selectOpenErasures, "USING INDEX member_erasures_unfinished"},
	} {
		t.Run(name, func(t *testing.T) {
			args := make([]any, strings.Count(c.query, "$"))
			if got := plan(t, s, c.query, args...); !strings.Contains(got, c.want) {
				t.Errorf("the plan is\n%s\nwant %s", got, c.want)
			}
		})
	}
}
