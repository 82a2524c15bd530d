// Package pagetest opens pages and sends forms in tests, as a browser without
// scripts does: it keeps cookies, follows redirects, says that its requests come
// from the same origin, and sends with each form the token that pages carry.
//
// It looks at what a server answers. What a reader sees is for package browsertest.
package pagetest
