package portal

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// agreementView is an agreement as pages show it.
type agreementView struct {
	ledger.Agreement
	// Standing is where it stands today: in_force, proposed_ours (waits for the
	// utility), proposed_theirs (waits for this company), accepted (not yet or no
	// longer in force) or rejected.
	Standing      string
	Source, Dest  string // programme codes
	SourceScale   uint8
	Mine          bool // this company proposed it
	DecidedByMine bool
}

func (p *Portal) view(v *visit, a ledger.Agreement, inForce bool) agreementView {
	w := agreementView{Agreement: a, Source: v.company.Programme, Dest: p.o.Hub, SourceScale: v.company.Scale,
		Mine: a.ProposedBy.MSP == v.company.MSP, DecidedByMine: a.DecidedBy.MSP == v.company.MSP}
	if a.Terms.Direction == ledger.Out {
		w.Source, w.Dest, w.SourceScale = p.o.Hub, v.company.Programme, hubScale
	}
	switch {
	case inForce:
		w.Standing = "in_force"
	case a.Status == ledger.AgreementProposed && w.Mine:
		w.Standing = "proposed_ours"
	case a.Status == ledger.AgreementProposed:
		w.Standing = "proposed_theirs"
	case a.Status == ledger.AgreementRejected:
		w.Standing = "rejected"
	case a.Terms.From > p.o.Now().UnixMilli():
		w.Standing = "coming"
	default:
		w.Standing = "over"
	}
	return w
}

// Level is the colour of the standing.
func (w *agreementView) Level() string {
	switch w.Standing {
	case "in_force":
		return "ok"
	case "proposed_theirs":
		return "warn"
	case "proposed_ours", "coming":
		return "info"
	case "rejected":
		return "bad"
	}
	return "mute"
}

// agreements returns those of the company, newest first, with the standing of
// each.
func (p *Portal) agreements(ctx context.Context, v *visit) ([]agreementView, error) {
	all, err := p.o.Exchange.Agreements(ctx, v.party)
	if err != nil {
		return nil, err
	}
	now := p.o.Now().UnixMilli()
	var views []agreementView
	for _, a := range all {
		current, ok := ledger.InForce(all, v.company.Code, a.Terms.Direction, now)
		views = append(views, p.view(v, a, ok && current.ID == a.ID))
	}
	slices.SortFunc(views, func(a, b agreementView) int {
		return cmp.Or(cmp.Compare(a.Terms.Direction, b.Terms.Direction), -cmp.Compare(a.Terms.Version, b.Terms.Version), -cmp.Compare(a.ProposedAt, b.ProposedAt))
	})
	return views, nil
}

// inForce returns the agreement of a direction that is in force, or nil.
func inForce(all []agreementView, d ledger.Direction) *agreementView {
	for i := range all {
		if all[i].Terms.Direction == d && all[i].Standing == "in_force" {
			return &all[i]
		}
	}
	return nil
}

type agreementsBody struct {
	In, Out []agreementView
	Waiting []agreementView // for this company
}

func (p *Portal) listAgreements(v *visit) error {
	all, err := p.agreements(v.r.Context(), v)
	if err != nil {
		return err
	}
	var b agreementsBody
	for _, a := range all {
		if a.Standing == "proposed_theirs" {
			b.Waiting = append(b.Waiting, a)
		}
		if a.Terms.Direction == ledger.In {
			b.In = append(b.In, a)
		} else {
			b.Out = append(b.Out, a)
		}
	}
	return p.show(v, "agreements", &b)
}

type agreementBody struct {
	agreementView
	Before   *agreementView // the version before, when there is one
	Versions []agreementView
	URL      string
}

func (p *Portal) showAgreement(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("id"))
	if err != nil {
		return exchange.ErrNotFound
	}
	all, err := p.agreements(v.r.Context(), v)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(a agreementView) bool { return a.ID == id })
	if i < 0 {
		return exchange.ErrNotFound
	}
	b := agreementBody{agreementView: all[i], URL: p.o.URL}
	for j := range all {
		if all[j].Terms.Direction != all[i].Terms.Direction {
			continue
		}
		b.Versions = append(b.Versions, all[j])
		if all[j].Status == ledger.AgreementAccepted && all[j].Terms.Version+1 == all[i].Terms.Version {
			b.Before = &all[j]
		}
	}
	return p.show(v, "agreement", &b)
}

// FeeHundredths is the fee in hundredths of a percent, which a basis point is.
func (w *agreementView) FeeHundredths() int64 { return int64(w.Terms.FeeBPS) }

// Lock is how old a rate lock may be.
func (w *agreementView) Lock() time.Duration { return time.Duration(w.Terms.LockSeconds) * time.Second }

// Changed reports whether a term differs from the version before; a first
// version differs in nothing.
func (b *agreementBody) Changed(term string) bool {
	if b.Before == nil {
		return false
	}
	old, now := &b.Before.Terms, &b.Terms
	switch term {
	case "rate":
		return old.Rate != now.Rate
	case "amounts":
		return old.Step != now.Step || old.Min != now.Min || old.Max != now.Max
	case "day":
		return old.DayCap != now.DayCap
	case "year":
		return old.YearCap != now.YearCap
	case "price":
		return old.Price != now.Price
	case "fee":
		return old.FeeBPS != now.FeeBPS || old.FeeBPS != 0 && old.FeePayer != now.FeePayer
	case "cap":
		return old.ExposureCap != now.ExposureCap
	case "lock":
		return old.LockSeconds != now.LockSeconds
	case "expiry":
		return old.LotMonths != now.LotMonths
	}
	return old.From != now.From || old.Until != now.Until
}
