package main

import (
	"fmt"
	"strings"
	"testing"
)

func (r *testReport) String() string {
	var lines []string
	for _, t := range r.Tests {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s:%d %s %s", t.Outcome, t.File, t.Line, t.Name, t.Message)))
	}
	for _, e := range r.Errors {
		lines = append(lines, fmt.Sprintf("error %s:%d:%d %s", e.File, e.Line, e.Column, e.Message))
	}
	return strings.Join(append(lines, fmt.Sprintf("%d %d %d", r.Passed, r.Failed, r.Skipped)), "\n")
}

func TestPolicyTests(t *testing.T) {
	const deny = "package slipway\nimport rego.v1\ndeny contains \"no\" if input.bad\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"a failing rule is named with the line that is not true", map[string]string{
			"plan/x.rego": deny,
			"plan/x_test.rego": `package slipway_test
import rego.v1
import data.slipway.deny
test_bad if deny == {"no"} with input as {"bad": true}
test_wrong if {
	x := 1
	deny == {"other"} with input as {"bad": true}
}
todo_test_later if false
`,
		}, `passed plan/x_test.rego:4 test_bad
failed plan/x_test.rego:7 test_wrong this is not true: deny == {"other"} with input as {"bad": true}
skipped plan/x_test.rego:9 todo_test_later
1 1 1`},
		{"policies of one folder share a package and do not meet", map[string]string{
			"plan/a.rego":      "package spacelift\ndefault sample = true\ndeny[\"a\"] { input.a }\n",
			"plan/b.rego":      "package spacelift\ndefault sample = false\nwarn[\"b\"] { deleted_resources[_] }\n",
			"plan/a_test.rego": "package spacelift\ntest_a { deny == {\"a\"} with input as {\"a\": 1}; sample }\n",
			"plan/b_test.rego": "package spacelift\ntest_b { count(warn) == 0 with input as {}; not sample; count(deny) == 0 }\n",
		}, "passed plan/a_test.rego:2 test_a\npassed plan/b_test.rego:2 test_b\n2 0 0"},
		{"the library of the folders above is beside", map[string]string{
			"policies/lib/l.rego":             "package lib.l\nyes := true\n",
			"eu/policies/plan/p.rego":         "package slipway\ndeny[\"x\"] { data.lib.l.yes }\n",
			"eu/policies/plan/p_test.rego":    "package slipway\ntest_x { deny[\"x\"] }\n",
			"policies/lib/l_test.rego":        "package lib.l\ntest_l { yes }\n",
			"elsewhere/policies/lib/bad.rego": "no rego",
		}, "passed eu/policies/plan/p_test.rego:2 test_x\npassed policies/lib/l_test.rego:2 test_l\n2 0 0"},
		{"a built-in that fails in a policy fails its test, as it would block", map[string]string{
			"plan/x.rego":      "package slipway\nimport rego.v1\ndeny contains \"no\" if to_number(input.limit) > 3\n",
			"plan/x_test.rego": "package slipway_test\nimport rego.v1\ntest_blank if count(data.slipway.deny) == 0 with input as {\"limit\": \"11 \"}\n",
		}, "failed plan/x_test.rego:3 test_blank to_number: strconv.ParseFloat: parsing \"11 \": invalid syntax (plan/x.rego)\n0 1 0"},
		{"a file that does not compile is a failure", map[string]string{
			"plan/x.rego":      "package slipway\ndeny[x] { y }\n",
			"plan/x_test.rego": "package slipway\ntest_x { deny[\"x\"] }\n",
		}, "error plan/x.rego:2:6 var x is unsafe\n0 1 0"},
		{"a test that fails inside says where", map[string]string{
			"x.rego":      "package slipway\nf(x) = 1 { x }\nf(x) = 2 { x }\ndeny[\"a\"] { f(1) == 1 }\n",
			"x_test.rego": "package slipway\ntest_x {\n  deny[\"a\"]\n}\n",
		}, "failed x_test.rego:2 test_x function data.slipway.f produced conflicting values for the same inputs: 1 at x.rego:2 2 at x.rego:3 (x.rego)\n0 1 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, newEngine(), question{Op: "test", Files: c.files})
			if got := a.Tests.String(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestCoverageCountsThePoliciesAlone(t *testing.T) {
	a := ask(t, newEngine(), question{Op: "test", Coverage: true, Files: map[string]string{
		"x.rego":      "package slipway\ndeny[\"a\"] { input.a }\nwarn[\"b\"] {\n  input.b\n  input.c\n}\n",
		"x_test.rego": "package slipway\ntest_a { deny[\"a\"] with input as {\"a\": 1} }\n",
	}})
	report := a.Tests.Coverage
	if a.Tests.Passed != 1 || len(report.Files) != 1 || len(report.Files["x.rego"].NotCovered) == 0 {
		t.Errorf("%+v %+v", a.Tests, report)
	}
}
