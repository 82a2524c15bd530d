// Package entrance has the pages by which staff come in: sign-in, the second
// factor, their own account. It puts the guard before the pages of a family.
//
// What it promises: behind [Entrance.Guard] there is always a user of a company
// that the family is for, with a role that the page asks for; every form that
// gets there carries the session's own token.
package entrance
