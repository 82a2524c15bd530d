// Package signintest has an implementation of [signin.Store] in memory and the
// suite that every implementation passes.
package signintest
