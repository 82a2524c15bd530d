// Package api is the REST interface that partners call, as openapi/exchange.yaml
// describes it: the types are generated from that document, the routes are
// checked against it both ways, and so is every answer in the tests.
//
// It promises that what a request may do is decided in one place (the table of
// operations: route, scope, form), that a partner sees only its own, that
// nothing is done twice for one idempotency key, and that an error always says
// what was wrong and what would be right. It refuses everything that the
// document does not describe: unknown routes, parameters, fields and types.
//
// What the requests mean is not here: package exchange does the work, package
// settlement has the nights.
package api
