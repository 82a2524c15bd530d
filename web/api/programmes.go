package api

import (
	"github.com/pointgrid/pointgrid/exchange"
)

func (a *API) listProgrammes(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	found, err := a.o.Exchange.Programmes(r.context())
	if err != nil {
		return reply{}, err
	}
	out := ProgrammeList{Programmes: make([]Programme, 0, len(found))}
	for _, p := range found {
		out.Programmes = append(out.Programmes, renderProgramme(p))
	}
	return ok(&out), nil
}

func renderProgramme(p exchange.Programme) Programme {
	out := Programme{Code: p.Code, Scale: int(p.Scale), Name: p.Name, NameZh: p.NameZH, Partner: p.Partner,
		ModeIn: Mode(p.In), ModeOut: Mode(p.Out), Suspended: p.Suspended}
	if p.Partner == "" {
		out.Name, out.NameZh = "Electricity points", "电力积分"
	}
	return out
}

func (a *API) listBreaks(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	conversions, reversals, err := a.o.Exchange.Escalated(r.context())
	if err != nil {
		return reply{}, err
	}
	out := BreakList{Conversions: make([]Break, 0, len(conversions)), Reversals: make([]ReversalBreak, 0, len(reversals))}
	for _, c := range conversions {
		out.Conversions = append(out.Conversions, Break{Conversion: *renderConversion(c), Client: c.Party.Client, Partner: c.Party.Partner,
			Step: string(c.Step), EscalatedAt: at(c.EscalatedAt)})
	}
	for _, v := range reversals {
		out.Reversals = append(out.Reversals, ReversalBreak{Reversal: *renderReversal(v), Client: v.Party.Client, Partner: v.Party.Partner,
			Step: string(v.Step), EscalatedAt: at(v.EscalatedAt)})
	}
	return ok(&out), nil
}
