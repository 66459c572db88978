// JSON text to OPA's values in one pass. A plan is the largest thing that travels here, and building Go
// maps first would cost as much again as judging it.
package main

import (
	"bytes"
	"github.com/open-policy-agent/opa/v1/ast"
)

func parseValue(text []byte) (ast.Value, error) {
	return ast.ValueFromReader(bytes.NewReader(text))
}
