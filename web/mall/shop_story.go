package mall

import "github.com/pointgrid/pointgrid/mall"

// chapter is a step of an order as its member sees it.
type chapter struct {
	Word  string // part of the key mall.order.story.WORD
	State string // "ok", "now", "coming" or "bad"
	At    int64  // milliseconds since 1970, 0 for unknown
}

// places are the steps on the way forward, in the order of the chapters.
var places = map[mall.Step]int{mall.StepHold: 1, mall.StepAuthorise: 2, mall.StepCapture: 2, mall.StepApply: 3, mall.StepGiveCode: 3,
	mall.StepConvert: 3, mall.StepDispatch: 3, mall.StepPost: 4, mall.StepDone: 5}

// story tells how an order went and what comes next.
func story(o *mall.Order) []chapter {
	if o.TurnedAt != 0 || o.Status == mall.Cancelled {
		return wayBack(o)
	}
	here := places[o.Step]
	all := []chapter{{Word: "ordered", State: "ok", At: o.CreatedAt}}
	add := func(place int, word string, at int64) {
		c := chapter{Word: word, State: "coming", At: at}
		switch {
		case here > place:
			c.State = "ok"
		case here == place:
			c.State = "now"
		}
		if c.State != "ok" {
			c.At = 0
		}
		all = append(all, c)
	}
	if o.Kind != mall.PartnerPoints {
		add(1, "held", 0)
	}
	if o.Fen > 0 {
		add(2, "paid", 0)
	}
	add(3, string(o.Kind), 0)
	add(4, "done", o.FinishedAt)
	if o.Status == mall.Refunded {
		all = append(all, chapter{Word: "returned", State: "ok"})
	}
	return all
}

func wayBack(o *mall.Order) []chapter {
	turned := o.TurnedAt
	if turned == 0 {
		turned = o.FinishedAt
	}
	back := chapter{Word: "back", State: "now"}
	if o.Status == mall.Cancelled {
		back = chapter{Word: "back", State: "ok", At: o.FinishedAt}
	}
	return []chapter{{Word: "ordered", State: "ok", At: o.CreatedAt}, {Word: "turned", State: "bad", At: turned}, back}
}
