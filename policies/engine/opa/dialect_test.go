package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
)

// Policies in Spacelift's dialect mean here what they mean to OPA. The oracle is OPA's public
// interface as `opa eval --strict-builtin-errors` uses it: one module, one query for the whole package, nothing of ours but what
// plain OPA lacks (the aliases and sanitized, written down once more).
const dialect = "../../../tests/fixtures/policies/dialect"

const aliasesForOPA = `package %s
import rego.v1
created_resources := {r | some r in input.terraform.resource_changes; "create" in r.change.actions}
deleted_resources := {r | some r in input.terraform.resource_changes; "delete" in r.change.actions}
updated_resources := {r | some r in input.terraform.resource_changes; "update" in r.change.actions}
recreated_resources := created_resources & deleted_resources
affected_resources := (created_resources | deleted_resources) | updated_resources
`

// opaSays gives nil where a built-in fails.
func opaSays(t *testing.T, file, text string, input any) map[string]any {
	t.Helper()
	version, pkg := ast.RegoV0, "spacelift"
	if strings.Contains(text, "import rego.v1") {
		version = ast.RegoV1
	}
	if strings.HasPrefix(text, "package main") {
		pkg = "main"
	}
	module, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{RegoVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	found, err := rego.New(
		rego.Query("data."+pkg), rego.ParsedModule(module), rego.Module("aliases.rego", fmt.Sprintf(aliasesForOPA, pkg)),
		rego.Input(input), rego.Time(time.Unix(0, 0)), rego.StrictBuiltinErrors(true),
		rego.Function1(&rego.Function{Name: "sanitized", Decl: types.NewFunction(types.Args(types.S), types.S)},
			func(_ rego.BuiltinContext, a *ast.Term) (*ast.Term, error) {
				return ast.StringTerm(sanitized(string(a.Value.(ast.String)))), nil
			}),
	).Eval(t.Context())
	if topdown.IsError(err) && err.(*topdown.Error).Code == topdown.BuiltinErr {
		return nil
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("OPA says %v, %v", found, err)
	}
	return found[0].Expressions[0].Value.(map[string]any)
}

// weSay puts what the rules gave back into the form of a package document.
func weSay(result policyResult, dialect, kind string) map[string]any {
	out := map[string]any{}
	for _, v := range result.Values {
		if s, _ := shapeOf(dialect, kind, v.Rule); s.isSet() {
			list, _ := out[v.Rule].([]any)
			out[v.Rule] = append(list, v.Value)
		} else {
			out[v.Rule] = v.Value
		}
	}
	return out
}

func TestPoliciesInTheDialectDecideAsOPASays(t *testing.T) {
	files, _ := filepath.Glob(dialect + "/*/*.rego")
	if len(files) < 20 {
		t.Fatalf("only %d policies", len(files))
	}
	for _, file := range files {
		text, _ := os.ReadFile(file)
		kind := strings.TrimSuffix(filepath.Base(file), ".rego")
		var cases []struct {
			Input    map[string]any `json:"input"`
			Document map[string]any `json:"document"`
		}
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cases.json"))
		if err != nil {
			t.Fatal(err)
		}
		json.Unmarshal(raw, &cases)
		seen := map[string]bool{}
		for i, c := range cases {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(filepath.Dir(file)), i), func(t *testing.T) {
				documents := []string{asText(c.Input)}
				input := any(c.Input)
				if c.Document != nil {
					documents = append(documents, asText(c.Document))
					c.Input["terraform"] = map[string]any{
						"resource_changes":  c.Document["resource_changes"],
						"terraform_version": c.Document["terraform_version"]}
				}
				dialect := dialectSpacelift
				if strings.HasPrefix(string(text), "package main") {
					dialect, input = dialectConftest, c.Document
				}
				_, result := judge(t, kind, string(text), documents...)
				theirs := opaSays(t, file, string(text), input)
				if (len(result.Errors) > 0) != (theirs == nil) {
					t.Fatalf("we say %v, OPA says %v", result, theirs)
				}
				seen[result.String()] = true
				if theirs == nil {
					return
				}
				ours := weSay(result, dialect, kind)
				for name, value := range theirs {
					s, known := shapeOf(dialect, kind, name)
					if list, ok := value.([]any); !known || (ok && len(list) == 0) {
						continue
					}
					if !same(ours[name], value, s) {
						t.Errorf("%s: we say %v, OPA says %v", name, ours[name], value)
					}
					delete(ours, name)
				}
				if len(ours) > 0 {
					t.Errorf("OPA does not say %v", ours)
				}
			})
		}
		if len(seen) < 2 {
			t.Errorf("%s: every case decides alike: %v", file, seen)
		}
	}
}

func same(a, b any, s shape) bool {
	var x, y any
	json.Unmarshal([]byte(asText(a)), &x)
	json.Unmarshal([]byte(asText(b)), &y)
	if !s.isSet() {
		return reflect.DeepEqual(x, y)
	}
	mine, ok := x.([]any)
	theirs, ok2 := y.([]any)
	return ok && ok2 && reflect.DeepEqual(sorted(mine), sorted(theirs))
}

func sorted(list []any) map[string]int {
	out := map[string]int{}
	for _, one := range list {
		out[asText(one)]++
	}
	return out
}

func asText(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
