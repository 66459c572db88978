// What a policy may call (rule P1): all of OPA but what reaches the outside world, reads this process, or
// is not the same tomorrow; and `sanitized`, Spacelift's own.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"
)

var closedBuiltins = []string{"http.send", "opa.runtime", "net.lookup_ip_addr", "rego.parse_module", "trace"}

var capabilities = map[ast.RegoVersion]*ast.Capabilities{}

func init() {
	rego.RegisterBuiltin1(&rego.Function{
		Name:        "sanitized",
		Description: "what stands for a text in a sanitized plan: the last 8 hex digits of its SHA-256",
		Decl:        types.NewFunction(types.Args(types.A), types.A),
	}, func(_ rego.BuiltinContext, value *ast.Term) (*ast.Term, error) {
		if text, ok := value.Value.(ast.String); ok {
			return ast.StringTerm(sanitized(string(text))), nil
		}
		return value, nil // numbers and booleans are kept as they are
	})
	for _, v := range []ast.RegoVersion{ast.RegoV0, ast.RegoV1} {
		c := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(v))
		c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
			return slices.Contains(closedBuiltins, b.Name)
		})
		c.AllowNet = []string{}
		capabilities[v] = c
	}
}

func sanitized(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[56:]
}
