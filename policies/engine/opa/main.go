// slipway-opa judges policies with OPA itself, so that they mean what `opa test` says on their author's
// machine. It is Slipway's child and ends with it: descriptor 0 is one end of a socketpair, read and
// written; protocol.go describes what travels on it.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

const (
	// Below the parent's limit on data (512 MB): the collector works harder before the system says no.
	memoryLimitBytes = 400 << 20
	// What is kept is small and what a question makes is large: collect seldom, the limit permitting.
	collectAtPercent = 400
)

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimitBytes)
	}
	debug.SetGCPercent(collectAtPercent)
	said := quieten()
	wire := os.NewFile(0, "parent")
	if err := serve(bufio.NewReaderSize(wire, 64<<10), wire, newEngine()); err != nil {
		fmt.Fprintln(said, "slipway-opa:", err)
		os.Exit(1)
	}
}

// quieten keeps standard error for us alone. What Go's runtime says when it lacks memory is pages of
// stacks; the parent says it in a sentence.
func quieten() *os.File {
	kept, err := syscall.Dup(2)
	nothing, openError := syscall.Open(os.DevNull, syscall.O_WRONLY, 0)
	if err != nil || openError != nil || syscall.Dup3(nothing, 2, 0) != nil {
		return os.Stderr
	}
	syscall.CloseOnExec(kept)
	return os.NewFile(uintptr(kept), "standard error")
}
