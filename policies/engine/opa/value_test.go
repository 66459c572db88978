package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func TestValuesAreThoseOfOPA(t *testing.T) {
	exchange, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`null`, `true`, ` false `, `""`, `"\u00e9\ud83d\ude00\n\"\\\/"`, `0`, `-0`, `1e400`, `1.0`, `1`,
		`12345678901234567890123`, `0.1`, `1E+2`, `[]`, `{}`, `[1,[2,[3]]]`, `{"a":{"a":{"a":"a"}}}`,
		`{"a":1,"b":2,"a":3}`, `{"":""}`, `[null,{"x":[{}]}]`, "\"\xc3\xa9\"", string(exchange),
		// And what is none is none for both. (Unknown escapes and bare control characters pass here; the
		// asker writes neither.)
		``, `{`, `[1,]`, `{"a"}`, `nul`, `"a`,
	} {
		ours, ourError := parseValue([]byte(text))
		theirs, theirError := ast.ValueFromReader(bytes.NewReader([]byte(text)))
		if (ourError == nil) != (theirError == nil) {
			t.Errorf("%q: %v, OPA %v", text, ourError, theirError)
		} else if ourError == nil && (ours.Compare(theirs) != 0 || ours.String() != theirs.String()) {
			t.Errorf("%q: %v, OPA %v", text, ours, theirs)
		}
	}
}
