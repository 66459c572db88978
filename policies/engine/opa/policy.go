// One policy, ready to be asked: which of its kind's rules it defines and where each of their bodies
// stands, so that every finding can name the line it came from.
package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

type policySource struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Path string `json:"path"`
	Text string `json:"text"`
}

type policy struct {
	id, kind, dialect string
	rules             []rule
	reads             []ruleReads
	exception         *rego.PreparedEvalQuery // conftest's
	loaded            loadedPolicy
}

// rule is one that the kind knows. A rule of several bodies is asked body by body (the bodies are copied
// under names of their own before compiling): each message then knows its line, and a body that fails
// hides nothing of the others. For sets that is the same as asking the whole, whose value is the union.
type rule struct {
	name   string
	shape  shape
	place  policyError // file, line and column of the first body
	whole  rego.PreparedEvalQuery
	bodies []body // none where there is but one
	united bool   // a set built body by body
}

type body struct {
	place policyError
	query rego.PreparedEvalQuery
}

type loadedPolicy struct {
	ID       string           `json:"id"`
	Package  string           `json:"package,omitempty"`
	Engine   string           `json:"engine,omitempty"`
	Dialect  string           `json:"dialect,omitempty"`
	Rules    []loadedRule     `json:"rules,omitempty"`
	Metadata []map[string]any `json:"metadata,omitempty"`
	Errors   []policyError    `json:"errors,omitempty"`
}

type loadedRule struct {
	Rule string `json:"rule"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// newPolicy compiles one policy by itself. A policy with errors is one, too: it answers with them.
func newPolicy(s policySource, library map[string]*ast.Module, libraryErrors []policyError) *policy {
	p := &policy{id: s.ID, kind: s.Kind, loaded: loadedPolicy{ID: s.ID}}
	fail := func(errs []policyError) *policy {
		p.loaded.Errors, p.rules = errs, nil
		return p
	}
	if rulesOfKind[s.Kind] == nil {
		return fail(wrongAt(s.Path, 1, fmt.Sprintf("%q is not a kind of policy", s.Kind)))
	}
	var found map[string]*parts
	edit := func(module *ast.Module, modules map[string]*ast.Module) {
		found = takeApart(module, modules, s.Kind)
	}
	c, errs := compile(source{s.Path, s.Text, s.Kind}, withoutTests(library), edit)
	if errs != nil {
		return fail(append(errs, libraryErrors...))
	}
	if libraryErrors != nil {
		return fail(libraryErrors)
	}
	p.describe(c)
	if errs := p.dialectOf(c.module, s); errs != nil {
		return fail(errs)
	}
	return p.prepare(c, found, s, fail)
}

func withoutTests(library map[string]*ast.Module) map[string]*ast.Module {
	modules := maps.Clone(library)
	maps.DeleteFunc(modules, func(path string, _ *ast.Module) bool {
		return strings.HasSuffix(path, "_test.rego")
	})
	return modules
}

func wrongAt(file string, line int, message string) []policyError {
	return []policyError{{Kind: "load", File: file, Line: line, Column: 1, Message: message}}
}

func packageName(p *ast.Package) string {
	return strings.TrimPrefix(p.Path.String(), "data.")
}

// dialectOf decides by the package which document the policy judges.
func dialectOf(module *ast.Module) (string, bool) {
	name := packageName(module.Package)
	switch name {
	case "slipway":
		return dialectSlipway, true
	case "spacelift":
		return dialectSpacelift, true
	case "main":
		return dialectConftest, true
	}
	for _, a := range module.Annotations {
		if a.Custom["namespace"] == name {
			return dialectConftest, true
		}
	}
	return "", false
}

func (p *policy) dialectOf(module *ast.Module, s policySource) []policyError {
	dialect, ok := dialectOf(module)
	line := module.Package.Location.Row
	if !ok {
		return wrongAt(s.Path, line, fmt.Sprintf("package %[1]s is neither slipway, spacelift nor main: "+
			"if it judges the plan document itself, say so with `namespace: %[1]s` under `custom` in the file's METADATA",
			packageName(module.Package)))
	}
	if dialect == dialectConftest && s.Kind != "plan" {
		return wrongAt(s.Path, line, fmt.Sprintf(
			"a %s policy belongs to package slipway (or spacelift); package %s judges plans only",
			s.Kind, packageName(module.Package)))
	}
	p.dialect, p.loaded.Dialect = dialect, dialect
	return nil
}

func (p *policy) describe(c *compiled) {
	p.loaded.Package = packageName(c.module.Package)
	p.loaded.Engine = versionName(c.version)
	for _, a := range c.module.Annotations {
		described := map[string]any{"scope": a.Scope}
		if a.Title != "" {
			described["title"] = a.Title
		}
		if a.Description != "" {
			described["description"] = a.Description
		}
		if len(a.Custom) > 0 {
			described["custom"] = a.Custom
		}
		p.loaded.Metadata = append(p.loaded.Metadata, described)
	}
}

// parts are the bodies of one rule, in the order of files and lines.
type parts struct {
	rules  []*ast.Rule // as written, defaults left out
	all    []*ast.Rule // defaults, too
	copies []string    // names of the copies, where there are several bodies
}

const copyPrefix = "slipway_body_"

// takeApart collects the known rules of the file's package and copies those of several bodies.
func takeApart(module *ast.Module, modules map[string]*ast.Module, kind string) map[string]*parts {
	found := map[string]*parts{}
	dialect, _ := dialectOf(module)
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		m := modules[path]
		if !m.Package.Path.Equal(module.Package.Path) {
			continue
		}
		if m != module {
			m = m.Copy() // the library's modules are shared by all policies
			modules[path] = m
		}
		for _, r := range slices.Clone(m.Rules) {
			name := string(r.Head.Ref()[0].Value.(ast.Var))
			s, known := shapeOf(dialect, kind, name)
			if !known || s == anything {
				continue
			}
			if found[name] == nil {
				found[name] = &parts{}
			}
			found[name].all = append(found[name].all, r)
			if !r.Default {
				found[name].rules = append(found[name].rules, r)
			}
		}
	}
	for name, p := range found {
		if len(p.rules) < 2 {
			continue
		}
		for i, r := range p.rules {
			copied := fmt.Sprintf("%s%d_of_%s", copyPrefix, i, name)
			p.copies = append(p.copies, copied)
			again := r.Copy()
			again.Annotations = nil
			for part := again; part != nil; part = part.Else {
				part.Head.Name = ast.Var(copied)
				part.Head.Reference[0] = ast.VarTerm(copied)
				part.Head.Reference[0].Location = r.Head.Reference[0].Location
			}
			r.Module.Rules = append(r.Module.Rules, again)
		}
	}
	return found
}

func placeOf(l *ast.Location) policyError {
	return policyError{File: l.File, Line: l.Row, Column: l.Col}
}

func (p *policy) prepare(c *compiled, found map[string]*parts, s policySource, fail func([]policyError) *policy) *policy {
	if wrong := p.wrongHeads(found); wrong != nil {
		return fail(wrong)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s, _ := shapeOf(p.dialect, p.kind, name)
		one, err := p.prepareRule(c, name, s, found[name])
		if err != nil {
			return fail(errorsOf(err, one.place.File))
		}
		p.rules = append(p.rules, one)
		p.reads = append(p.reads, ruleReads{name, one.place.File, one.place.Line, one.place.Column, readsOf(c, name)})
		p.loaded.Rules = append(p.loaded.Rules, loadedRule{name, one.place.File, one.place.Line})
	}
	if p.dialect == dialectConftest && defines(c.module, "exception") {
		query, err := prepareQuery(c, "exception")
		if err != nil {
			return fail(errorsOf(err, s.Path))
		}
		p.exception = &query
	}
	if len(p.rules) == 0 && !definesAny(c.module, p.dialect, p.kind) {
		return fail(wrongAt(s.Path, c.module.Package.Location.Row, fmt.Sprintf(
			"it defines none of the rules of a %s policy (%s), so it would never decide anything",
			p.kind, strings.Join(mainRules[p.kind], ", "))))
	}
	return p
}

var mainRules = map[string][]string{
	"push": {"propose", "track", "ignore", "…"}, "plan": {"deny", "warn"},
	"approval": {"approve", "reject", "…"}, "trigger": {"trigger"},
	"notification": {"inbox", "slack", "webhook", "pull_request"}, "login": {"allow", "deny", "admin", "roles", "…"},
}

func defines(module *ast.Module, name string) bool {
	return slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool {
		return string(r.Head.Ref()[0].Value.(ast.Var)) == name
	})
}

func definesAny(module *ast.Module, dialect, kind string) bool {
	return slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool {
		_, known := shapeOf(dialect, kind, string(r.Head.Ref()[0].Value.(ast.Var)))
		return known
	})
}

func (p *policy) wrongHeads(found map[string]*parts) []policyError {
	var wrong []policyError
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s, _ := shapeOf(p.dialect, p.kind, name)
		for _, r := range found[name].all {
			if message := wrongHead(name, r, s); message != "" {
				e := placeOf(r.Location)
				e.Kind, e.Message = "type", message
				wrong = append(wrong, e)
			}
		}
	}
	return wrong
}

// wrongHead sees at load what could only go wrong later: a function, a set where a boolean belongs.
func wrongHead(name string, r *ast.Rule, s shape) string {
	switch {
	case len(r.Head.Args) > 0:
		return fmt.Sprintf("%s is a function here; it must be %v", name, s)
	case s.isSet() && r.Head.RuleKind() == ast.SingleValue && len(r.Head.Ref()) > 1:
		return fmt.Sprintf("%s is an object here; it must be %v", name, s)
	case !s.isSet() && (r.Head.RuleKind() == ast.MultiValue || len(r.Head.Ref()) > 1):
		return fmt.Sprintf("%s is a set or object here; it must be %v", name, s)
	case s.isSet() && r.Head.RuleKind() == ast.MultiValue && len(r.Head.Ref()) > 1:
		return fmt.Sprintf("%s is an object of sets here; it must be %v", name, s)
	}
	return ""
}

func (p *policy) prepareRule(c *compiled, name string, s shape, part *parts) (rule, error) {
	first := slices.MinFunc(part.all, func(a, b *ast.Rule) int {
		return cmp.Or(cmp.Compare(a.Location.File, b.Location.File), cmp.Compare(a.Location.Row, b.Location.Row))
	})
	r := rule{name: name, shape: s, place: placeOf(first.Location)}
	if len(part.rules) == 1 {
		r.place = placeOf(part.rules[0].Location)
	}
	r.united = s.isSet() && !slices.ContainsFunc(part.rules, func(one *ast.Rule) bool {
		return one.Head.RuleKind() != ast.MultiValue
	})
	var err error
	if r.whole, err = prepareQuery(c, name); err != nil {
		return r, err
	}
	for i, copied := range part.copies {
		query, err := prepareQuery(c, copied)
		if err != nil {
			return r, err
		}
		r.bodies = append(r.bodies, body{placeOf(part.rules[i].Location), query})
	}
	return r, nil
}

// prepareQuery: a built-in that fails is an error, not an undefined expression: to_number("11 ") would make the
// rule around it vanish, and a deny that vanishes allows.
func prepareQuery(c *compiled, name string) (rego.PreparedEvalQuery, error) {
	ref := c.module.Package.Path.Append(ast.StringTerm(name))
	return rego.New(
		rego.Compiler(c.compiler),
		rego.StrictBuiltinErrors(true),
		rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(ref)))),
	).PrepareForEval(context.Background())
}
