// Asks the policies of a set about one input: each by itself, each of its rules by itself, so that what
// one gets wrong hides nothing of the others. Time and randomness are the question's: asked again, a
// policy says the same.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

type policyResult struct {
	ID     string        `json:"id"`
	Values []ruleValue   `json:"values,omitempty"`
	Errors []policyError `json:"errors,omitempty"`
	Reads  []ruleReads   `json:"reads,omitempty"`
}

type ruleValue struct {
	Rule     string `json:"rule"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Value    any    `json:"value"`
	Excepted bool   `json:"excepted,omitempty"` // conftest: an exception names this rule
}

type inputs struct {
	documented, document ast.Value
	at                   time.Time
}

func (e *engine) evaluate(q *question, a *answer) {
	s := e.find(q.Set)
	if s == nil {
		a.UnknownSet = true
		return
	}
	asked := s.policies
	if q.Policies != nil {
		var ids []string
		if err := json.Unmarshal(q.Policies, &ids); err != nil {
			a.Failure = "policies: " + err.Error()
			return
		}
		asked = slices.DeleteFunc(slices.Clone(asked), func(p *policy) bool { return !slices.Contains(ids, p.id) })
	}
	in, err := readInputs(q)
	if err != nil {
		a.Failure = err.Error()
		return
	}
	a.Results = make([]policyResult, len(asked))
	e.guard.watched(time.Duration(q.DeadlineMS)*time.Millisecond, func(ctx context.Context) {
		var group sync.WaitGroup
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, p := range asked {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				a.Results[i] = p.evaluate(ctx, in)
			})
		}
		group.Wait()
	})
}

// readInputs: the documented input gets `terraform`, the part of the plan document that Spacelift
// passes on; conftest's policies get that document itself.
func readInputs(q *question) (in inputs, err error) {
	in.at = time.Unix(0, q.TimeNS)
	if in.documented, err = parseValue(q.documents["input"]); err != nil {
		return in, fmt.Errorf("the input is not JSON: %w", err)
	}
	text, ok := q.documents["document"]
	if !ok {
		return in, nil
	}
	if in.document, err = parseValue(text); err != nil {
		return in, fmt.Errorf("the plan document is not JSON: %w", err)
	}
	document, isObject := in.document.(ast.Object)
	documented, both := in.documented.(ast.Object)
	if !isObject || !both {
		return in, errors.New("the input and the plan document are not both objects")
	}
	terraform := ast.NewObject()
	for _, name := range []string{"resource_changes", "terraform_version"} {
		if value := document.Get(ast.StringTerm(name)); value != nil {
			terraform.Insert(ast.StringTerm(name), value)
		}
	}
	documented.Insert(ast.StringTerm("terraform"), ast.NewTerm(terraform))
	return in, nil
}

// asking is one policy's turn: what its rules found out is shared between them.
type asking struct {
	ctx   context.Context
	in    inputs
	input ast.Value
	cache topdown.VirtualCache
}

func (p *policy) evaluate(ctx context.Context, in inputs) (result policyResult) {
	result = policyResult{ID: p.id, Errors: p.loaded.Errors}
	if result.Errors != nil {
		return result
	}
	defer func() {
		if trouble := recover(); trouble != nil {
			e := policyError{Kind: "runtime", Message: fmt.Sprintf("OPA gave up: %v", trouble)}
			if len(p.rules) > 0 {
				e.File, e.Line, e.Column = p.rules[0].place.File, p.rules[0].place.Line, 1
			}
			result = policyResult{ID: p.id, Errors: []policyError{e}}
		}
	}()
	a := &asking{ctx: ctx, in: in, input: in.documented, cache: topdown.NewVirtualCache()}
	if p.dialect == dialectConftest {
		if a.input = in.document; a.input == nil {
			a.input = ast.NewObject()
		}
	}
	result.Reads = p.reads
	for i := range p.rules {
		values, errs := a.ask(&p.rules[i])
		result.Values = append(result.Values, values...)
		result.Errors = append(result.Errors, errs...)
	}
	if p.exception != nil {
		result.Errors = append(result.Errors, a.except(p, result.Values)...)
	}
	return result
}

// query gives the value, nil where it is undefined.
func (a *asking) query(q *rego.PreparedEvalQuery, place policyError) (any, *policyError) {
	found, err := q.Eval(a.ctx, rego.EvalParsedInput(a.input), rego.EvalTime(a.in.at),
		rego.EvalSeed(zeros{}), rego.EvalVirtualCache(a.cache), rego.EvalSortSets(true))
	if err != nil {
		a.cache = topdown.NewVirtualCache() // what was half found out is worth nothing
		return nil, evaluationError(a.ctx, err, place)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0].Expressions[0].Value, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func evaluationError(ctx context.Context, err error, place policyError) *policyError {
	out := place
	out.Kind, out.Message = "runtime", err.Error()
	var e *topdown.Error
	if !errors.As(err, &e) {
		return &out
	}
	if e.Code == topdown.CancelErr {
		out.Kind, out.Message = "timeout", "it took longer than its time limit"
		if context.Cause(ctx) == errMemory {
			out.Kind, out.Message = "memory", errMemory.Error()
		}
		return &out
	}
	out.Message = oneLine(e.Message)
	if e.Location != nil && e.Location.File != "" {
		out.File, out.Line, out.Column = e.Location.File, e.Location.Row, e.Location.Col
	}
	return &out
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

func (a *asking) ask(r *rule) ([]ruleValue, []policyError) {
	if !r.united || r.bodies == nil {
		value, err := a.query(&r.whole, r.place)
		if err != nil {
			return nil, []policyError{*err}
		}
		place := r.place
		if !r.united && value != nil {
			place = a.bodyThatGave(r, value)
		}
		return shaped(r, value, place)
	}
	var values []ruleValue
	var errs []policyError
	seen := map[string]bool{}
	for i := range r.bodies {
		b := &r.bodies[i]
		value, err := a.query(&b.query, b.place)
		if err != nil {
			errs = append(errs, *err)
			continue
		}
		some, wrong := shaped(r, value, b.place)
		errs = append(errs, wrong...)
		for _, v := range some {
			text, _ := json.Marshal(v.Value)
			if !seen[string(text)] {
				seen[string(text)] = true
				values = append(values, v)
			}
		}
	}
	return values, errs
}

// bodyThatGave finds which of several bodies of a complete rule says what the rule says. A default, or a
// body that cannot be asked by itself, leaves the rule's own place.
func (a *asking) bodyThatGave(r *rule, value any) policyError {
	whole, _ := json.Marshal(value)
	for i := range r.bodies {
		given, err := a.query(&r.bodies[i].query, r.bodies[i].place)
		if err != nil || given == nil {
			continue
		}
		if text, _ := json.Marshal(given); string(text) == string(whole) {
			return r.bodies[i].place
		}
	}
	return r.place
}

// except marks what conftest's `exception` rule takes out: a set of lists of suffixes.
func (a *asking) except(p *policy, values []ruleValue) []policyError {
	given, err := a.query(p.exception, policyError{File: p.loaded.Package})
	if err != nil {
		return []policyError{*err}
	}
	lists, _ := given.([]any)
	for _, list := range lists {
		suffixes, _ := list.([]any)
		for _, suffix := range suffixes {
			for i := range values {
				values[i].Excepted = values[i].Excepted || suffixOf(values[i].Rule) == suffix
			}
		}
	}
	return nil
}

// shaped holds a value to its rule's shape: one ruleValue for a single value, one for each of a set.
func shaped(r *rule, value any, place policyError) ([]ruleValue, []policyError) {
	if value == nil {
		return nil, nil
	}
	wrong := func(what string) ([]ruleValue, []policyError) {
		e := place
		e.Kind, e.Message = "type", what
		return nil, []policyError{e}
	}
	one := func(v any) ruleValue {
		return ruleValue{Rule: r.name, File: place.File, Line: place.Line, Column: place.Column, Value: v}
	}
	ok := true
	switch r.shape {
	case boolean:
		_, ok = value.(bool)
	case text:
		_, ok = value.(string)
	case number:
		_, ok = value.(json.Number)
	case messages, names:
		elements, isList := value.([]any)
		if !isList {
			return wrong(fmt.Sprintf("%s is %s; it must be %v", r.name, typeName(value), r.shape))
		}
		var values []ruleValue
		for _, element := range elements {
			if message := wrongElement(r, element); message != "" {
				return wrong(message)
			}
			values = append(values, one(element))
		}
		return values, nil
	}
	if !ok {
		return wrong(fmt.Sprintf("%s is %s; it must be %v", r.name, typeName(value), r.shape))
	}
	return []ruleValue{one(value)}, nil
}

func wrongElement(r *rule, element any) string {
	if _, ok := element.(string); ok {
		return ""
	}
	if object, ok := element.(map[string]any); ok && r.shape == messages {
		if _, ok := object["msg"].(string); ok {
			return ""
		}
		return fmt.Sprintf("%s has an object without a text named msg; a message is a text, or an object with msg", r.name)
	}
	if r.shape == messages {
		return fmt.Sprintf("%s has %s; a message is a text, or an object with msg", r.name, typeName(element))
	}
	return fmt.Sprintf("%s has %s; it must be %v", r.name, typeName(element), r.shape)
}

func typeName(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "the number " + cmp.Or(v.String(), "?")
	case string:
		return "a text"
	case []any:
		return "a list"
	}
	return "an object"
}
