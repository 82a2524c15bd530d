package partnersim

import (
	"net/http"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// Forced is an outcome that a debit or credit has in a sandbox because of its
// amount: the last four digits, in smallest units, are Ending.
type Forced struct {
	Ending int64
	// Code declines the transfer. Without it Kind is the fault that befalls the
	// first call; a repeat is answered as it should be.
	Code connector.DeclineCode
	Kind FaultKind
	// Silent: beside that, questions about the transfer are never answered, so that
	// in the end the gateway takes it back.
	Silent  bool
	Means   string // for a partner's engineers
	MeansZH string
}

// ForcedOutcomes returns all of them. The endings are multiples of ten, so that
// the rate cards of the sandbox allow them.
func ForcedOutcomes() []Forced {
	return []Forced{
		{Ending: 9110, Code: connector.DeclineInsufficientPoints, Means: "declined: the balance is below the amount", MeansZH: "拒绝：余额不足"},
		{Ending: 9120, Code: connector.DeclineMembershipBlocked, Means: "declined: the membership is blocked", MeansZH: "拒绝：会员被冻结"},
		{Ending: 9130, Code: connector.DeclineMembershipClosed, Means: "declined: the membership was closed", MeansZH: "拒绝：会员已注销"},
		{Ending: 9140, Code: connector.DeclineLimitExceeded, Means: "declined: above a limit of the partner's own", MeansZH: "拒绝：超过伙伴自身限额"},
		{Ending: 9150, Code: connector.DeclineOther, Means: "declined for another reason", MeansZH: "拒绝：其他原因"},
		{Ending: 9210, Kind: FaultLoseAnswer, Means: "done, and the answer is lost; the gateway asks and goes on", MeansZH: "已执行但应答丢失，网关查询后继续"},
		{Ending: 9220, Kind: FaultAnswerLate, Means: "done, and answered after the gateway's time-out; the gateway asks and goes on", MeansZH: "已执行但超时后才应答，网关查询后继续"},
		{Ending: 9230, Kind: FaultHang, Means: "never answered and not done; the gateway asks, and sends it again", MeansZH: "无应答且未执行，网关查询后重发"},
		{Ending: 9240, Kind: FaultDown, Means: "the connection is cut and nothing is done; the gateway sends it again", MeansZH: "连接中断且未执行，网关重发"},
		{Ending: 9250, Kind: FaultError, Means: "status 500 and nothing is done; the gateway asks, and sends it again", MeansZH: "返回 500 且未执行，网关查询后重发"},
		{Ending: 9260, Kind: FaultBusy, Means: "status 503 with Retry-After; the gateway comes back", MeansZH: "返回 503 并附 Retry-After，网关稍后再试"},
		{Ending: 9270, Kind: FaultNonsense, Means: "done, and answered with an HTML page; the gateway asks and goes on", MeansZH: "已执行但应答为 HTML 页面，网关查询后继续"},
		{Ending: 9280, Kind: FaultLoseAnswer, Silent: true, Means: "done, and nobody ever says so; at its deadline the gateway takes it back", MeansZH: "已执行但始终查不到结果，网关到期后撤回"},
	}
}

// endings is how many digits of an amount count.
const endings = 10_000

// forcedDelay is how long a late answer takes and a hanging call hangs, unless
// the caller leaves before.
const forcedDelay = 15 * time.Second

// forcedKept bounds how many transfers are remembered to have had their outcome.
const forcedKept = 10_000

// forcing gives amounts their outcomes. Its nil does nothing.
type forcing struct {
	outcomes map[int64]Forced
	mu       sync.Mutex
	had      map[connector.ID]bool
	silent   map[connector.ID]bool
}

func newForcing(on bool) *forcing {
	if !on {
		return nil
	}
	f := &forcing{outcomes: map[int64]Forced{}, had: map[connector.ID]bool{}, silent: map[connector.ID]bool{}}
	for _, o := range ForcedOutcomes() {
		f.outcomes[o.Ending] = o
	}
	return f
}

// take returns the fault of a call, nil if its amount forces none, or did so
// before.
func (f *forcing) take(s subject) *Fault {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.verb == connector.VerbStatus && f.silent[s.transfer] {
		return &Fault{Kind: FaultDown}
	}
	o, ok := f.outcomes[s.amount%endings]
	if !ok || o.Kind == "" || f.silent[s.transfer] || f.had[s.transfer] {
		if ok && f.silent[s.transfer] {
			return &Fault{Kind: FaultLoseAnswer}
		}
		return nil
	}
	if len(f.had) >= forcedKept {
		clear(f.had)
		clear(f.silent)
	}
	f.had[s.transfer], f.silent[s.transfer] = true, o.Silent
	return &Fault{Kind: o.Kind, Delay: forcedDelay}
}

// decline returns the decline that the amount of a new transfer forces.
func (f *forcing) decline(s subject) *decline {
	if f == nil {
		return nil
	}
	o := f.outcomes[s.amount%endings]
	if o.Code == "" {
		return nil
	}
	return &decline{o.Code, "forced by the amount, as documented for the sandbox"}
}

// decided asks, for new work, the faults and then the amount.
func (h *Host) decided(s subject) func() *decline {
	byFault := h.faults.forced(s)
	return func() *decline {
		if d := byFault(); d != nil {
			return d
		}
		return h.forcing.decline(s)
	}
}

// getForced lists the outcomes that amounts force, if they do here.
func (h *Host) getForced(*http.Request) (any, error) {
	type outcome struct {
		Ending  string `json:"ending"`
		Means   string `json:"means"`
		MeansZH string `json:"means_zh"`
	}
	list := []outcome{}
	if h.forcing != nil {
		for _, o := range ForcedOutcomes() {
			list = append(list, outcome{connector.FormatAmount(o.Ending), o.Means, o.MeansZH})
		}
	}
	return map[string]any{"forced": list}, nil
}
