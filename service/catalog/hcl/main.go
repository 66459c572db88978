// slipway-hcl reads Terraform and OpenTofu directories with HashiCorp's own reader and says what they use
// outside themselves. It is Slipway's child and ends with it: descriptor 0 is one end of a socketpair, read
// and written; protocol.go describes what travels on it. It opens no file: texts come with the question.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
)

// Below the parent's limit on data (1 GB): the collector works harder before the system says no.
const memoryLimitBytes = 768 << 20

// Parsing leaves little garbage beside what it keeps: collecting less often makes it faster by a third.
const collectAtPercent = 400

func main() {
	debug.SetMemoryLimit(memoryLimitBytes)
	debug.SetGCPercent(collectAtPercent)
	debug.SetMaxStack(128 << 20)
	wire := os.NewFile(0, "parent")
	if err := serve(bufio.NewReaderSize(wire, 64<<10), wire); err != nil {
		fmt.Fprintln(os.Stderr, "slipway-hcl:", err)
		os.Exit(1)
	}
}
