package fabric

import (
	"testing"
	"time"
)

func TestThePeersAreSeenAsTheyAre(t *testing.T) {
	s := newStage(t)
	s.net.with(func() { s.peer("SkyMSP").down = true })
	s.done(s.in("mart"))
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		all := s.l.Peers()
		if len(all) == 3 && all[0].Up && all[0].Behind == 0 && !all[1].Up && all[1].Behind > 0 && all[2].Up && all[2].Height == all[0].Height {
			break
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("the peers are %+v", all)
		}
	}
}
