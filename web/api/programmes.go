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
