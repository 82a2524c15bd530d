// Package members is who the utility's customers are: under which account of the
// ledger each is known there, and how somebody is forgotten.
//
// # Accounts
//
// A member's account is derived from the member's number, a key that stays with the
// utility and a salt of the member's own ([Derive]). The salt is random, made at first
// contact and kept beside the number. Who has the key and a number can therefore not
// compute the account: they need the salt, and once that is deleted nobody can. Members
// of earlier releases have no salt; their accounts were computed from key and number,
// and stay what they are.
//
// # Erasure
//
// [Privacy] forgets a member in steps that are each stored before they are taken, so
// that an erasure which is interrupted anywhere goes on:
//
//	hold → freeze → post → clear → forget
//
// Points that are left are held and posted to the house account [ForfeitHouse]: the
// amount that was confirmed, no more and no less. Between the two the account is
// frozen, so that nothing can enter unnoticed; when something did, everything goes
// back, and the erasure ends as withdrawn. Once they are posted there is no way back.
// Then every [Place] replaces the member's number by a random token that is the same
// everywhere, so that what was added up still adds up, and drops what else leads to a
// person. Last the number, the salt and with them the mapping are deleted. Who comes
// back under the same number is somebody new, with another salt and account.
//
// # Places
//
// A package that keeps rows or files with a member's number adds a [Place] where the
// program is wired. A place says what is under way, so that an erasure is refused
// before it begins; what else the member is called there; how to erase; and what it
// holds, for the export. Each of the four may be left out. Methods of a place are called
// again after a crash, and must then find what is left to do. Places that know other
// names of a member, such as memberships, erase last: in the order in which they are
// given, so give them last.
//
// What it refuses: erasing while anything is under way, or with another amount than
// the one confirmed, and numbers that look like a token ([Erased]).
package members
