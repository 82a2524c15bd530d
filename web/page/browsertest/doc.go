// Package browsertest looks at pages with a real browser, as a reader does: on a
// phone and on a desk, in the light and in the dark. Every page that is opened is
// checked: no error on the console, no more weight than promised, and nothing in
// the way of keyboards and screen readers.
//
// It needs Chromium. Where there is none a test is skipped with a line that says
// how to get it, and fails when POINTGRID_REQUIRE is "all". With npm and a registry
// at hand the pages are also checked by axe-core.
package browsertest
