package mall

import (
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

// movement is one entry of a member's account as a member is told of it.
type movement struct {
	ID      ledger.ID
	At      int64 // milliseconds since 1970
	Change  int64 // of what can be used, signed
	Balance int64 // that could be used afterwards
	Title   string
	Detail  string // may be empty
	Icon    string
	Expiry  ledger.Month // of what was gained, when that is one lot; 0 otherwise
	// Conversion and Order lead to what it was about; zero when it was neither.
	Conversion, Order ledger.ID
}

// effect is how a transfer changed what its account can use. A hold takes it, and a
// post later nothing more.
func effect(t *ledger.Transfer) (change int64) {
	for _, l := range t.Lots {
		change += l.Amount
	}
	switch t.Kind {
	case ledger.KindIssue, ledger.KindConvertIn, ledger.KindVoid:
		return change
	case ledger.KindExpire, ledger.KindConvertOut, ledger.KindTakeBack, ledger.KindHold:
		return -change
	case ledger.KindReverse:
		if t.Source != nil { // what a conversion in gave is taken back
			return -change
		}
		return change
	}
	return 0
}

// movement tells what a transfer was.
func (m *Mall) movement(v *visit, t *ledger.Transfer, all []currency) movement {
	mv := movement{ID: t.ID, At: t.At, Change: effect(t)}
	if mv.Change > 0 && len(t.Lots) == 1 {
		mv.Expiry = t.Lots[0].Expiry
	}
	switch t.Kind {
	case ledger.KindIssue:
		m.tellIssue(v, t, &mv)
	case ledger.KindTakeBack:
		m.tellTakeBack(v, t, &mv)
	case ledger.KindExpire:
		mv.Icon, mv.Title = "clock", m.say(v, "mall.moved.expired")
	case ledger.KindConvertIn, ledger.KindConvertOut:
		m.tellConversion(v, t, &mv, all, "")
	case ledger.KindHold:
		m.tellHold(v, t, &mv, all)
	case ledger.KindVoid:
		mv.Icon, mv.Title, mv.Detail = "again", m.say(v, "mall.moved.void"), m.say(v, "mall.moved.void_text")
	case ledger.KindReverse:
		m.tellReversal(v, t, &mv, all)
	default:
		mv.Icon, mv.Title = "info", t.Kind.String()
	}
	return mv
}

// reason is what the utility's programs write beside an issue: words and pairs.
func reason(text string) (pairs map[string]string) {
	pairs = map[string]string{}
	for word := range strings.FieldsSeq(text) {
		if name, value, ok := strings.Cut(word, "="); ok {
			pairs[name] = value
		}
	}
	return pairs
}

// tellIssue says by what points were earned. The rule's code is data: it has words
// when there are some for it, and otherwise those for any rule.
func (m *Mall) tellIssue(v *visit, t *ledger.Transfer, mv *movement) {
	why := reason(t.Reason)
	mv.Icon = "plus"
	switch {
	case strings.HasPrefix(t.Reason, "conversion bonus"):
		mv.Icon, mv.Title = "star", m.say(v, "mall.moved.bonus")
		mv.Conversion, _ = ledger.ParseID(why["conversion"])
		return
	case why["channel"] == "goodwill":
		mv.Icon, mv.Title, mv.Detail = "gift", m.say(v, "mall.moved.goodwill"), m.say(v, "mall.moved.goodwill_text")
		return
	case why["rule"] == "":
		mv.Icon, mv.Title = "gift", m.say(v, "mall.moved.given")
		return
	}
	mv.Title = m.ruleWords(v, why["rule"])
	if key := "mall.channel." + why["channel"]; m.o.Pages.Has(key) {
		mv.Detail = m.say(v, key)
	} else {
		mv.Detail = why["channel"]
	}
}

func (m *Mall) ruleWords(v *visit, rule string) string {
	if key := "mall.rule." + strings.ReplaceAll(rule, "-", "_"); m.o.Pages.Has(key) {
		return m.say(v, key)
	}
	return m.say(v, "mall.moved.earned")
}

func (m *Mall) tellTakeBack(v *visit, t *ledger.Transfer, mv *movement) {
	mv.Icon, mv.Title, mv.Detail = "again", m.say(v, "mall.moved.taken"), m.say(v, "mall.moved.taken_text")
	if strings.HasPrefix(t.Reason, "conversion bonus") {
		mv.Detail = m.say(v, "mall.moved.bonus_taken")
	}
	if debt := t.Debt(); debt > 0 {
		mv.Detail = m.say(v, "mall.moved.taken_debt", "amount", strconv.FormatInt(debt, 10))
	}
}

// tellConversion names the partner. How, if not empty, is what happened to the
// conversion: mall.moved.HOW_in and HOW_out.
func (m *Mall) tellConversion(v *visit, t *ledger.Transfer, mv *movement, all []currency, how string) {
	mv.Icon, mv.Conversion = "swap", t.ID.Root()
	if !t.Related.IsZero() {
		mv.Conversion = t.Related.Root()
	}
	leg, word := t.Source, "in"
	if leg == nil {
		leg, word = t.Destination, "out"
	}
	if leg == nil {
		return
	}
	other, _ := partnerOf(all, leg.Partner)
	mv.Title = m.say(v, "mall.moved."+how+word, "name", other.By)
	if amount := leg.From; word == "in" {
		mv.Detail = m.say(v, "mall.moved.for", "amount", other.Text(amount))
	} else {
		mv.Detail = m.say(v, "mall.moved.for", "amount", other.Text(leg.To))
	}
}

// houses are the accounts on which the mall holds.
var houses = map[string]string{"mall-bill": "bill", "mall-goods": "goods", "mall-voucher": "voucher", "mall-service": "service"}

func (m *Mall) tellHold(v *visit, t *ledger.Transfer, mv *movement, all []currency) {
	if t.Destination != nil {
		m.tellConversion(v, t, mv, all, "")
		return
	}
	kind, ours := houses[t.To]
	if !ours {
		kind = "order"
	}
	mv.Icon, mv.Order, mv.Title = "bag", t.ID.Root(), m.say(v, "mall.moved."+kind)
	if kind == "bill" {
		mv.Icon = "bill"
	}
}

func (m *Mall) tellReversal(v *visit, t *ledger.Transfer, mv *movement, all []currency) {
	if t.Source == nil && t.Destination == nil { // of an order's post
		mv.Icon, mv.Order, mv.Title = "again", t.Related.Root(), m.say(v, "mall.moved.returned")
		return
	}
	m.tellConversion(v, t, mv, all, "reversed_")
	mv.Icon = "again"
}

// movements tells a page of history, newest first, whose last usable balance is
// given. What changes nothing that can be used is left out.
func (m *Mall) movements(v *visit, rows []projection.Row, balance int64, all []currency) (told []movement, before int64) {
	for i := range rows {
		mv := m.movement(v, &rows[i].Transfer, all)
		mv.Balance = balance
		balance -= mv.Change
		if mv.Change != 0 {
			told = append(told, mv)
		}
	}
	return told, balance
}
