// Package page renders the pages that people look at: it has the layout, the
// parts that pages are made of, the style sheet, the words in Chinese and
// English, and the form in which amounts and times are written.
//
// A family of pages (the portal, the console) brings a folder with
//
//	pages/NAME.html    templates that define "title" and "main"; _NAME.html are parts of all
//	words/en.yaml      the words, by key
//	words/zh.yaml      the same keys
//	words/TOPIC.en.yaml, words/TOPIC.zh.yaml   more of them, about something of their own
//	assets/*           its own style sheets, scripts and pictures, and icons/*.svg
//
// and gets a [Set] that renders them within the layout. A family whose pages are to
// look different defines "layout" in a part of its own.
//
// What it promises:
//
//   - [New] fails when a language lacks a key, or a template uses one that is not
//     there: no page ever shows a gap.
//   - A page needs no script and loads nothing from elsewhere; its content security
//     policy forbids inline scripts and styles, frames and foreign forms.
//   - Everything that comes from outside is escaped for the place where it stands.
//   - Amounts are written from integers, exactly, with the programme's decimal places.
//
// What it refuses: knowing what a page is about. Handlers and their data are in
// the families.
package page
