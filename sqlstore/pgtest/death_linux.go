package pgtest

import "syscall"

// dieWithParent makes the server shut down when the test's process dies.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
