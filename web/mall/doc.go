// Package mall has the pages for members, below /mall: what they have and where it
// came from, conversions, and the mall's shelves and orders.
//
// What it promises:
//
//   - Nobody sees a page without having been named by the utility's identity provider,
//     and sees nothing of anybody else. No password of a member is ever ours.
//   - Amounts are shown as the ledger has them, to the smallest unit; what something
//     costs or brings is said before it is confirmed, and what was confirmed is
//     what is done: a form that was changed on the way is refused.
//   - Sending a form twice, or in two tabs, does once what it says.
//   - Everything works on a phone, without scripts, by keyboard, in Chinese and
//     English.
//
// What it refuses: deciding. What a member may do is decided by exchange, mall and
// rewards, and in the end by the ledger.
//
// To add pages about something new (say orders), write
//
//   - orders.go with its handlers, func(*visit) error, which end in [Mall.show] or
//     [Mall.done]; an error becomes a page ([Mall.refuse] has the table); and a method
//     orderLeaves that returns their routes, none when its port in [Options] is nil.
//     Name that method in [Mall.leaves], and nothing else needs to change: an entry of
//     the tab bar ([tabs]) or of the page "Me" ([mine]) appears as soon as some leaf
//     has its path.
//   - files/pages/orders.html, which define "title" and "main"; parts for several pages
//     in files/pages/_orders.html.
//   - files/words/orders.en.yaml and orders.zh.yaml, whose keys begin with mall.orders.
//   - what looks different from everything else in files/assets/mall.css; icons in
//     files/assets/icons.
//
// A visit has the member's number, account and language; forms carry {{template
// "token" $}}, which the guard has checked before a handler runs.
package mall
