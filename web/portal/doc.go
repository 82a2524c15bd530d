// Package portal has the pages for a partner's own people: its engineers, who
// integrate, and its finance staff, who look at agreements and exposure.
//
// What it promises: a page shows what belongs to the company of the user who is
// signed in, and nothing of another; what belongs to another is answered like
// what is not there. It works without scripts, on a phone, in Chinese and English.
//
// What it refuses: to move points or to sign. That is done by the company's own
// programs with the company's own keys; the portal shows how.
package portal
