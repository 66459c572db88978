// slipway-opa judges policies with OPA itself, so that they mean what `opa test` says on their author's
// machine. It is Slipway's child and ends with it: descriptor 0 is one end of a socketpair, read and
// written; protocol.go describes what travels on it.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
)

// Below the parent's limit on data (512 MB): the collector works harder before the system says no.
const memoryLimitBytes = 400 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimitBytes)
	}
	wire := os.NewFile(0, "parent")
	if err := serve(bufio.NewReaderSize(wire, 64<<10), wire, newEngine()); err != nil {
		fmt.Fprintln(os.Stderr, "slipway-opa:", err)
		os.Exit(1)
	}
}
