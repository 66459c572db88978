// Runs the policies' own tests with OPA's tester: every X_test.rego with the X.rego beside it and the
// library that holds there, so that tests see a policy as Slipway judges with it: by itself.
package main

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

type testReport struct {
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Tests    []testResult  `json:"tests,omitempty"`
	Errors   []policyError `json:"errors,omitempty"` // a file that does not compile counts as one failed
	Coverage *cover.Report `json:"coverage,omitempty"`
}

type testResult struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // of what failed, else of the rule
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // passed, failed, skipped
	Message string `json:"message,omitempty"`
	Output  string `json:"output,omitempty"` // of print()
	Micros  int64  `json:"micros"`
}

const isTest = "_test.rego"

func runTests(q *question) *testReport {
	t := &testRun{files: q.Files, limit: time.Duration(q.DeadlineMS) * time.Millisecond, report: &testReport{}}
	if q.Coverage {
		t.cover = cover.New()
		t.covered = map[string]*ast.Module{}
	}
	for _, file := range slices.Sorted(maps.Keys(q.Files)) {
		if strings.HasSuffix(file, isTest) {
			t.runFile(file)
		}
	}
	if t.cover != nil {
		report := t.cover.Report(t.covered)
		maps.DeleteFunc(report.Files, func(file string, _ *cover.FileReport) bool { return t.covered[file] == nil })
		t.report.Coverage = &report
	}
	return t.report
}

type testRun struct {
	files   map[string]string
	limit   time.Duration
	report  *testReport
	cover   *cover.Cover
	covered map[string]*ast.Module
}

// besideOf: X.rego, or where there is none every other policy of the folder.
func (t *testRun) besideOf(file string) []string {
	policy := strings.TrimSuffix(file, isTest) + ".rego"
	if _, ok := t.files[policy]; ok {
		return []string{policy}
	}
	var others []string
	for other := range t.files {
		if path.Dir(other) == path.Dir(file) && !strings.HasSuffix(other, isTest) {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	return others
}

// libraryOf: what lies in a folder `lib` or `policies/lib` of any folder above the file.
func (t *testRun) libraryOf(file string) map[string]string {
	library := map[string]string{}
	for other, text := range t.files {
		if strings.HasSuffix(other, isTest) {
			continue
		}
		for folder := path.Dir(file); ; folder = path.Dir(folder) {
			prefix := folder + "/"
			if folder == "." {
				prefix = ""
			}
			if strings.HasPrefix(other, prefix+"lib/") || strings.HasPrefix(other, prefix+"policies/lib/") {
				library[other] = text
			}
			if folder == "." || folder == "/" {
				break
			}
		}
	}
	return library
}

func (t *testRun) runFile(file string) {
	kind := path.Base(path.Dir(file))
	modules, errs := parseLibrary(t.libraryOf(file))
	tested := map[string]bool{file: true}
	for _, policy := range t.besideOf(file) {
		tested[policy] = true
		if errs != nil || modules[policy] != nil {
			continue
		}
		var c *compiled
		if c, errs = compile(source{policy, t.files[policy], kind}, modules, nil); errs == nil {
			modules = c.modules
		}
	}
	var c *compiled
	if errs == nil {
		c, errs = compile(source{file, t.files[file], kind}, modules, nil)
	}
	if errs != nil {
		t.report.Failed++
		t.report.Errors = append(t.report.Errors, errs...)
		return
	}
	for at, module := range c.modules {
		if t.cover != nil && !strings.HasSuffix(at, isTest) && !strings.HasPrefix(at, givenPath) {
			t.covered[at] = module
		}
	}
	t.runModules(c.modules, tested)
}

func (t *testRun) runModules(modules map[string]*ast.Module, tested map[string]bool) {
	if t.cover != nil { // a run of its own: OPA's tester traces either for coverage or for what failed
		if results, err := t.newRunner().SetCoverageQueryTracer(t.cover).Run(context.Background(), modules); err == nil {
			for range results {
			}
		}
	}
	results, err := t.newRunner().EnableTracing(true).Run(context.Background(), modules)
	if err != nil {
		t.report.Failed++
		t.report.Errors = append(t.report.Errors, errorsOf(err, "")...)
		return
	}
	var found []testResult
	for r := range results {
		if r != nil && tested[r.Location.File] {
			found = append(found, t.describe(r))
		}
	}
	slices.SortStableFunc(found, func(a, b testResult) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	t.report.Tests = append(t.report.Tests, found...)
}

func (t *testRun) newRunner() *tester.Runner {
	return tester.NewRunner().SetCompiler(newCompiler().WithEnablePrintStatements(true)).
		CapturePrintOutput(true).RaiseBuiltinErrors(true).SetTimeout(t.limit)
}

func (t *testRun) describe(r *tester.Result) testResult {
	out := testResult{File: r.Location.File, Line: r.Location.Row, Name: r.Name,
		Output: string(r.Output), Micros: r.Duration.Microseconds()}
	switch {
	case r.Skip:
		out.Outcome = "skipped"
		t.report.Skipped++
	case r.Pass():
		out.Outcome = "passed"
		t.report.Passed++
	default:
		out.Outcome = "failed"
		t.report.Failed++
		out.Message = t.reasonOf(r, &out.Line)
	}
	return out
}

func (t *testRun) reasonOf(r *tester.Result, line *int) string {
	if r.Error != nil {
		e := evaluationError(context.Background(), r.Error, policyError{})
		if topdown.IsCancel(r.Error) {
			return e.Message
		}
		if e.File != "" && e.File != r.Location.File {
			return e.Message + " (" + e.File + ")"
		}
		*line = cmp.Or(e.Line, *line)
		return e.Message
	}
	for _, event := range slices.Backward(r.Trace) {
		expr, ok := event.Node.(*ast.Expr)
		if event.Op == topdown.FailOp && ok && event.Location != nil && event.Location.File == r.Location.File {
			*line = event.Location.Row
			return "this is not true: " + strings.Join(strings.Fields(string(expr.Location.Text)), " ")
		}
	}
	return "it is not true"
}
