// JSON text to OPA's values without maps of Go between: a plan is the largest thing that travels here, and
// names like "actions" come in it a thousand times. What this way cannot read is left to OPA's own.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"
)

var parsers fastjson.ParserPool // a parser keeps its memory

func parseValue(text []byte) (ast.Value, error) {
	parser := parsers.Get()
	defer parsers.Put(parser)
	parsed, err := parser.ParseBytes(text)
	if err != nil {
		return ast.ValueFromReader(bytes.NewReader(text))
	}
	t := terms{}
	return t.of(parsed).Value, nil
}

// terms keeps one term for each short text.
type terms map[string]*ast.Term

const shortText = 32

func (t terms) text(s []byte) *ast.Term {
	if known := t[string(s)]; known != nil {
		return known
	}
	term := ast.StringTerm(string(s))
	if len(s) <= shortText {
		t[string(s)] = term
	}
	return term
}

func (t terms) of(v *fastjson.Value) *ast.Term {
	switch v.Type() {
	case fastjson.TypeObject:
		object, _ := v.Object()
		out := ast.NewObjectWithCapacity(object.Len())
		object.Visit(func(name []byte, member *fastjson.Value) {
			out.Insert(t.text(name), t.of(member))
		})
		return ast.NewTerm(out)
	case fastjson.TypeArray:
		items, _ := v.Array()
		out := make([]*ast.Term, len(items))
		for i, item := range items {
			out[i] = t.of(item)
		}
		return ast.ArrayTerm(out...)
	case fastjson.TypeString:
		text, _ := v.StringBytes()
		return t.text(text)
	case fastjson.TypeNumber:
		return ast.NumberTerm(json.Number(v.MarshalTo(nil)))
	case fastjson.TypeTrue:
		return ast.InternedTerm(true)
	case fastjson.TypeFalse:
		return ast.InternedTerm(false)
	}
	return ast.NullTerm()
}
