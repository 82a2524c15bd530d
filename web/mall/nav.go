package mall

import (
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/web/page"
)

// way is an entry of the tab bar, or of the page "Me". It is there when its page is.
type way struct{ path, word, icon string }

// tabs are the entries of the bar, at most five: a thumb must find them.
var tabs = []way{
	{"", "mall.nav.home", "home"},
	{"/shelves", "mall.nav.shelves", "bag"},
	{"/convert", "mall.nav.convert", "swap"},
	{"/orders", "mall.nav.orders", "box"},
	{"/me", "mall.nav.me", "user"},
}

// quick are what one does most, on the first page. Electricity itself comes first.
var quick = []way{
	{"/shelves", "mall.quick.bill", "bill"},
	{"/convert", "mall.quick.convert", "swap"},
	{"/points", "mall.quick.points", "list"},
	{"/partners", "mall.quick.partners", "link"},
}

// mine are the entries of the page "Me".
var mine = []way{
	{"/points", "mall.nav.points", "list"},
	{"/partners", "mall.nav.partners", "link"},
	{"/conversions", "mall.nav.conversions", "swap"},
	{"/disputes", "mall.nav.disputes", "inbox"},
	{"/privacy", "mall.nav.privacy", "shield"},
}

// links are those of the entries that lead somewhere.
func (m *Mall) links(r *http.Request, ways []way) (all []page.Link) {
	for _, w := range ways {
		if !m.has(w.path) {
			continue
		}
		href := Area + w.path
		inside := w.path != "" && strings.HasPrefix(r.URL.Path, href+"/")
		all = append(all, page.Link{Href: href, Word: w.word, Icon: w.icon, Current: r.URL.Path == href || inside})
	}
	return all
}
