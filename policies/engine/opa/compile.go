// Rego text to a compiler: which version of the language it is in, every file with its library beside it,
// and what is wrong with it, with file, line and column.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Rego file and the kind of policy that its folder says it is.
type source struct {
	path, text, kind string
}

// compiled is one policy (or test) with everything beside it.
type compiled struct {
	module   *ast.Module // the file itself, as parsed
	modules  map[string]*ast.Module
	compiler *ast.Compiler
	version  ast.RegoVersion
}

var (
	importsV1      = regexp.MustCompile(`(?m)^\s*import\s+rego\.v1\s*$`)
	declaresEngine = regexp.MustCompile(`(?m)^#\s*engine:\s*["']?(v[01])\b`)
	unsafeVar      = regexp.MustCompile(`^var (\S+) is unsafe( in rule \S+)?$`)
)

// versionsOf lists what a text may be, the likelier first.
func versionsOf(text string) []ast.RegoVersion {
	if said := declaresEngine.FindStringSubmatch(text); said != nil {
		if said[1] == "v0" {
			return []ast.RegoVersion{ast.RegoV0}
		}
		return []ast.RegoVersion{ast.RegoV1}
	}
	if importsV1.MatchString(text) {
		return []ast.RegoVersion{ast.RegoV1}
	}
	return []ast.RegoVersion{ast.RegoV1, ast.RegoV0}
}

func versionName(v ast.RegoVersion) string {
	if v == ast.RegoV0 {
		return "v0"
	}
	return "v1"
}

func parse(s source, version ast.RegoVersion) (*ast.Module, []policyError) {
	module, err := ast.ParseModuleWithOpts(s.path, s.text, ast.ParserOptions{
		ProcessAnnotation: true, RegoVersion: version, Capabilities: capabilities[version]})
	if err != nil {
		return nil, errorsOf(err, s.path)
	}
	if module == nil {
		return nil, []policyError{{Kind: "load", File: s.path, Line: 1, Column: 1,
			Message: "the file is empty: a policy begins with `package slipway`"}}
	}
	return module, nil
}

// parseLibrary parses each file in whichever version accepts it.
func parseLibrary(files map[string]string) (map[string]*ast.Module, []policyError) {
	modules := map[string]*ast.Module{}
	var wrong []policyError
	for _, path := range slices.Sorted(maps.Keys(files)) {
		s := source{path: path, text: files[path]}
		var failures []attempt
		for _, version := range versionsOf(s.text) {
			module, errs := parse(s, version)
			if errs == nil {
				modules[path], failures = module, nil
				break
			}
			failures = append(failures, attempt{errs: errs})
		}
		wrong = append(wrong, likeliest(failures)...)
	}
	return modules, wrong
}

type attempt struct {
	parsed bool
	errs   []policyError
}

// likeliest picks whose errors to show when a text is right in no version: the one that understood more.
func likeliest(failures []attempt) []policyError {
	if len(failures) == 0 {
		return nil
	}
	return slices.MaxFunc(failures, func(a, b attempt) int {
		if a.parsed != b.parsed {
			return map[bool]int{true: 1, false: -1}[a.parsed]
		}
		return cmp.Or(cmp.Compare(a.errs[0].Line, b.errs[0].Line), -1)
	}).errs
}

// compile finds the version in which the file, with `beside` it, is right. `edit` may add rules to the
// parsed file before it is compiled.
func compile(s source, beside map[string]*ast.Module, edit func(*ast.Module, map[string]*ast.Module)) (*compiled, []policyError) {
	var failures []attempt
	for _, version := range versionsOf(s.text) {
		module, errs := parse(s, version)
		if errs != nil {
			failures = append(failures, attempt{false, errs})
			continue
		}
		modules := maps.Clone(beside)
		if modules == nil {
			modules = map[string]*ast.Module{}
		}
		modules[s.path] = module
		if edit != nil {
			edit(module, modules)
		}
		compiler, errs := compileModules(modules, module, s.kind)
		if errs == nil {
			return &compiled{module, modules, compiler, version}, nil
		}
		failures = append(failures, attempt{true, errs})
	}
	return nil, likeliest(failures)
}

// compileModules adds, one round after another, the definitions that are missed and are ours to give.
// The added module stays in `modules`.
func compileModules(modules map[string]*ast.Module, file *ast.Module, kind string) (*ast.Compiler, []policyError) {
	given := map[string]string{}
	for {
		compiler := newCompiler()
		compiler.Compile(modules)
		if !compiler.Failed() {
			return compiler, nil
		}
		more := false
		for _, e := range compiler.Errors {
			name := unsafeVar.FindStringSubmatch(e.Message)
			if e.Code != ast.UnsafeVarErr || name == nil || given[name[1]] != "" {
				continue
			}
			if text := definitionOf(kind, name[1]); text != "" {
				given[name[1]], more = text, true
			}
		}
		if !more {
			return nil, errorsOf(compiler.Errors, "")
		}
		text := file.Package.String() + "\n" + strings.Join(slices.Sorted(maps.Values(given)), "")
		path := givenPath + file.Package.Location.File
		module, err := ast.ParseModuleWithOpts(path, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, errorsOf(err, path)
		}
		modules[path] = module
	}
}

// What is given belongs to the package of the file that missed it.
const givenPath = "given by slipway to "

func newCompiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(capabilities[ast.RegoV1]).SetErrorLimit(0)
}

func errorsOf(err error, path string) []policyError {
	var list ast.Errors
	if !errors.As(err, &list) {
		return []policyError{{Kind: "load", File: path, Message: err.Error()}}
	}
	var out []policyError
	for _, e := range list {
		if strings.Contains(e.Message, copyPrefix) {
			continue // the original says the same
		}
		p := policyError{Kind: "load", File: path, Message: oneLine(e.Message)}
		if e.Location != nil {
			p.File, p.Line, p.Column = cmp.Or(e.Location.File, path), e.Location.Row, e.Location.Col
		}
		if e.Code == ast.TypeErr {
			p.Message = cmp.Or(closedFunction(e.Message), p.Message)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b policyError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return fullest(out)
}

// fullest leaves one of those that say the same about a place, the one that says most.
func fullest(list []policyError) []policyError {
	var out []policyError
	for _, e := range list {
		last := len(out) - 1
		if last >= 0 && strings.HasPrefix(e.Message, out[last].Message) && out[last].Line == e.Line &&
			out[last].Column == e.Column && out[last].File == e.File {
			out[last] = e
		} else {
			out = append(out, e)
		}
	}
	return out
}

// closedFunction says why a function is undefined, where that is our doing.
func closedFunction(message string) string {
	name, ok := strings.CutPrefix(message, "undefined function ")
	if !ok || !slices.Contains(closedBuiltins, name) {
		return ""
	}
	return fmt.Sprintf("%s is not available: a policy decides from its input alone", name)
}
