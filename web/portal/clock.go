package portal

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page"
)

// advanceMax bounds one move: every window on the way is settled.
const advanceMax = 31 * 24 * time.Hour

type clockBody struct {
	Now    int64
	Window ledger.Date
	Hours  []int
	Most   int // hours
	Wrong  bool
}

func (p *Portal) showClock(v *visit) error { return p.clockPage(v, http.StatusOK, false) }

func (p *Portal) clockPage(v *visit, status int, wrong bool) error {
	window, err := p.o.Clock.Window(v.r.Context())
	if err != nil {
		return err
	}
	return p.showStatus(v, status, "clock", clockBody{Now: p.o.Clock.Now().UnixMilli(), Window: window, Hours: []int{1, 24, 7 * 24},
		Most: int(advanceMax / time.Hour), Wrong: wrong})
}

func (p *Portal) moveClock(v *visit) error {
	hours, err := strconv.Atoi(v.r.PostForm.Get("hours"))
	if err != nil || hours < 1 || time.Duration(hours) > advanceMax/time.Hour {
		return p.clockPage(v, http.StatusUnprocessableEntity, true)
	}
	to := p.o.Clock.Now().Add(time.Duration(hours) * time.Hour)
	settled, err := p.o.Clock.AdvanceTo(v.r.Context(), to)
	if err != nil {
		return err
	}
	mine := 0
	for _, s := range settled {
		if s.Partner == v.company.Code {
			mine++
		}
	}
	at := page.InstantText(p.o.Pages.Language(v.r), p.o.Clock.Now().In(p.o.Location))
	p.o.Pages.Flash(v.w, "flash.clock_moved", "now", at, "nights", strconv.Itoa(mine))
	http.Redirect(v.w, v.r, Area+"/clock", http.StatusSeeOther)
	return nil
}
