// Package exchange turns points of one programme into points of another:
// agreements as offered, quotes that lock a rate, conversions, reversals, links
// between members and memberships, and the recovery of what was interrupted.
//
// What it promises: every conversion ends completed, failed (nothing moved) or
// reversed, whatever dies on the way and whenever; no step that cannot be taken
// back is taken before the intention is on disk; a partner's silence is unknown,
// not failed, and is resolved by asking.
package exchange
