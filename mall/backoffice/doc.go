// Package backoffice speaks to the utility's billing system and its payment
// provider over HTTP, and fills the ports [mall.Billing] and [mall.Payments].
//
// Every call is a POST or GET with a JSON body of at most 64 KiB, signed if the
// options say so, and answered with {"outcome":"done","reference":"…","code":"…"}.
// Amounts are strings of digits, in fen. Members' numbers stand in bodies, never in
// addresses, which end up in logs. A call that is sent again, with the same
// identifiers, has the same answer and no other effect.
//
//	POST /ownership                                   {"contract_account","member"}, answered {"owns":true}
//	POST /credits                                     {"order","contract_account","member","fen"}
//	GET  /credits/{order}
//	POST /credits/{order}/withdrawal                  {}
//	POST /charges                                     {"order","member","fen"}
//	GET  /charges/{order}
//	POST /charges/{order}/capture                     {"member","fen"}
//	POST /repayments                                  {"id","order","fen"}
//
// What is not an answer of status 200 in this form is an unknown outcome; a call
// that could not be connected is one that was not sent.
package backoffice
