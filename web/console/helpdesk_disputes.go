package console

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/support"
)

func deskPerson(id string) desk.Person { return desk.Person{ID: id} }

const disputesPage = 25

// disputeRow is a dispute in a list.
type disputeRow struct {
	*support.Dispute
	OwnerIs string
	Overdue bool
}

type disputesBody struct {
	Rows        []disputeRow
	Tallies     []tally
	State       string
	Mine        bool
	First, Next string
	States      []support.State
	Errands     []errand
}

func (c *Console) listDisputes(v *visit) error {
	q := v.r.URL.Query()
	b := &disputesBody{State: q.Get("state"), Mine: q.Get("mine") == "1", States: support.States()}
	f := support.Filter{State: support.State(b.State), Unended: b.State == "", Limit: disputesPage + 1}
	if b.Mine {
		f.Owner = v.User.ID.String()
	}
	if after, err := ledger.ParseID(q.Get("after")); err == nil {
		last, _, err := c.o.Helpdesk.Support.Story(v.r.Context(), after)
		if err != nil {
			return notThere(err)
		}
		f.Before, f.After, b.First = after, &support.Place{Due: last.Due, ID: last.ID}, Area+"/support"
	}
	found, err := c.o.Helpdesk.Support.Disputes(v.r.Context(), f)
	if err != nil {
		return err
	}
	if len(found) > disputesPage {
		found = found[:disputesPage]
		q.Set("after", found[disputesPage-1].ID.String())
		b.Next = Area + "/support?" + q.Encode()
	}
	if b.Rows, err = c.disputeRows(v, found); err != nil {
		return err
	}
	if err := c.disputeTallies(v, b); err != nil {
		return err
	}
	return c.show(v, "disputes", b)
}

func (c *Console) disputeRows(v *visit, found []*support.Dispute) (rows []disputeRow, err error) {
	alliance, err := c.o.Helpdesk.Ledger.Alliance(v.r.Context())
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		row := disputeRow{Dispute: d, Overdue: d.State != support.Resolved && d.Due < alliance.Window}
		if row.OwnerIs, err = c.staffName(v, d.Owner); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (c *Console) disputeTallies(v *visit, b *disputesBody) error {
	counts, err := c.o.Helpdesk.Support.Counts(v.r.Context())
	if err != nil {
		return err
	}
	for _, s := range support.States() {
		b.Tallies = append(b.Tallies, tally{Word: string(s), Cases: counts[s], Path: Area + "/support?state=" + string(s), Current: b.State == string(s)})
	}
	waiting, err := c.o.Helpdesk.Support.Acts(v.r.Context(), support.ActFilter{State: support.ActProposed, Limit: errandsMax})
	if err != nil {
		return err
	}
	held, err := c.o.Helpdesk.Conversions.Held(v.r.Context(), ledger.ID{}, errandsMax)
	if err != nil {
		return err
	}
	if n := len(waiting) + int(counts[support.Proposed]); n > 0 {
		b.Errands = append(b.Errands, errand{Word: "approvals", Href: Area + "/support/approvals", Icon: "check", Level: "warn", Count: int64(n)})
	}
	if len(held) > 0 {
		b.Errands = append(b.Errands, errand{Word: "reviews", Href: Area + "/support/reviews", Icon: "shield", Level: "warn", Count: int64(len(held))})
	}
	return nil
}

const errandsMax = 100
