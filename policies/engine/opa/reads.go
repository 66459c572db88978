// What a rule reads of the input, so that whoever explains a decision can show the values that it rests
// on: found in the compiled rules, not in their text, and so through every helper rule and function.
package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

type ruleReads struct {
	Rule   string   `json:"rule"`
	File   string   `json:"file,omitempty"`
	Line   int      `json:"line,omitempty"`
	Column int      `json:"column,omitempty"`
	Paths  []string `json:"paths,omitempty"`
}

const pathsOfARule = 20

// readsOf follows the rules that `name` of the file's package uses.
func readsOf(c *compiled, name string) []string {
	paths := map[string]bool{}
	seen := map[*ast.Rule]bool{}
	var follow func(rules []*ast.Rule)
	follow = func(rules []*ast.Rule) {
		for _, r := range rules {
			if seen[r] {
				continue
			}
			seen[r] = true
			ast.WalkRefs(r, func(ref ast.Ref) bool {
				if path := inputPath(ref); path != "" {
					paths[path] = true
				} else if ref.HasPrefix(ast.DefaultRootRef) {
					follow(c.compiler.GetRules(ref.GroundPrefix()))
				}
				return false
			})
		}
	}
	follow(c.compiler.GetRules(c.module.Package.Path.Append(ast.StringTerm(name))))
	return shortest(paths)
}

// inputPath: "input.reviews.current.approvals", up to the first part that is not a name.
func inputPath(ref ast.Ref) string {
	if !ref.HasPrefix(ast.InputRootRef) {
		return ""
	}
	parts := []string{"input"}
	for _, term := range ref[1:] {
		name, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		parts = append(parts, string(name))
	}
	return strings.Join(parts, ".")
}

// shortest leaves out what lies below another path, and the whole input where parts are named.
func shortest(paths map[string]bool) []string {
	if len(paths) > 1 {
		delete(paths, "input")
	}
	var out []string
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		below := slices.ContainsFunc(out, func(above string) bool { return strings.HasPrefix(path, above+".") })
		if !below && len(out) < pathsOfARule {
			out = append(out, path)
		}
	}
	return out
}
