package sandbox

import (
	"slices"
	"strings"
)

// Persona is a member of a sandbox with a story, as whom one can look around.
type Persona struct {
	Number       string // of the member
	Name, NameEN string
	// Look says what there is to see.
	Look, LookEN string
	n            int
}

// storied are the personas. The first of them are among the members whom examples
// name, so that nothing in their stories may keep them from converting.
var storied = []Persona{
	{n: 1, Name: "陈静怡", NameEN: "Chen Jingyi", Look: "白金会员，样样都有：订单、退货、伙伴绑定、各月到期的积分",
		LookEN: "platinum, with everything: orders, a return, links, points of many months"},
	{n: 2, Name: "林小满", NameEN: "Lin Xiaoman", Look: "普通会员，绑定了三家伙伴，只有欢迎积分：从兑换开始",
		LookEN: "standard, linked with three partners, has welcome points alone: begin with a conversion"},
	{n: 3, Name: "王建国", NameEN: "Wang Jianguo", Look: "本月底和下月底有积分到期，看到期提醒",
		LookEN: "points expire at the end of this month and the next: see the announcements"},
	{n: 4, Name: "赵敏", NameEN: "Zhao Min", Look: "金卡会员，已低于门槛，处于保级期",
		LookEN: "gold, below the threshold by now, in the days of grace"},
	{n: debtor, Name: "孙海涛", NameEN: "Sun Haitao", Look: "预存被银行退回，积分已花掉：有待抵的欠分",
		LookEN: "a prepayment was returned after its points were spent: a debt that the next earnings fill"},
	{n: frozen, Name: "周凯", NameEN: "Zhou Kai", Look: "账户已冻结：能看不能用",
		LookEN: "the account is frozen: there to see and not to use"},
	{n: newcomer, Name: "何苗", NameEN: "He Miao", Look: "刚加入，一笔预存，没有绑定伙伴：从绑定开始",
		LookEN: "joined yesterday, one prepayment, no partner linked: begin with a link"},
}

// These come after those who are linked with every company.
const (
	debtor   = 61
	frozen   = 62
	newcomer = 63
)

// Personas are those of a sandbox with so many members.
func Personas(members int) []Persona {
	return slices.DeleteFunc(own(storied), func(p Persona) bool { return p.n > members })
}

func own(all []Persona) []Persona {
	all = slices.Clone(all)
	for i := range all {
		all[i].Number = Member(all[i].n)
	}
	return all
}

func inStory(member int) bool {
	return slices.ContainsFunc(storied, func(p Persona) bool { return p.n == member })
}

// welcomed reports whether a member has the points that everybody begins with.
func welcomed(member int) bool { return member != debtor && member != newcomer }

// PersonaOf finds one by its member's number.
func PersonaOf(number string) (Persona, bool) {
	for _, p := range own(storied) {
		if strings.EqualFold(p.Number, number) {
			return p, true
		}
	}
	return Persona{}, false
}
