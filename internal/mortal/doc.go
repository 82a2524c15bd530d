// Package mortal is what tests share in which a process dies. A [Life] is that of a
// process that only seems to be one: what it does after its end has no effect, so
// that many can be lived in one test. A child, see [Main] and [Run], is the test
// binary run again, and really killed.
//
// What it refuses: knowing what is written. The stores and ports that end with a
// life are those of the tests that have them.
package mortal
