package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// ask puts one question to an engine, as the parent would.
func ask(t *testing.T, e *engine, q question, documents ...string) *answer {
	t.Helper()
	q.documents = map[string][]byte{}
	for i, name := range []string{"input", "document"}[:len(documents)] {
		q.documents[name] = []byte(documents[i])
	}
	if q.DeadlineMS == 0 {
		q.DeadlineMS = 10_000
	}
	return e.answer(&q)
}

func sources(list ...policySource) json.RawMessage {
	text, _ := json.Marshal(list)
	return text
}

// judge loads one policy and evaluates it.
func judge(t *testing.T, kind, text string, documents ...string) (loadedPolicy, policyResult) {
	t.Helper()
	e := newEngine()
	a := ask(t, e, question{Op: "load", Set: "s", Policies: sources(policySource{"p", kind, "policies/" + kind + "/p.rego", text})})
	if a.Failure != "" {
		t.Fatal(a.Failure)
	}
	b := ask(t, e, question{Op: "evaluate", Set: "s"}, documents...)
	if b.Failure != "" || len(b.Results) != 1 {
		t.Fatalf("no result: %+v", b)
	}
	return a.Loaded[0], b.Results[0]
}

func (r policyResult) String() string {
	var lines []string
	for _, v := range r.Values {
		value, _ := json.Marshal(v.Value)
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s:%d %s", v.Rule, v.Line, value))+map[bool]string{true: " excepted"}[v.Excepted])
	}
	for _, e := range r.Errors {
		lines = append(lines, fmt.Sprintf("%s error %s:%d:%d %s", e.Kind, e.File, e.Line, e.Column, e.Message))
	}
	return strings.Join(lines, "\n")
}

const anInput = `{"stack": {"labels": ["env:prod"]}, "push": {"branch": "main"}}`

func TestWhatAPolicySays(t *testing.T) {
	const plan = `{"resource_changes": [
		{"address": "a.one", "change": {"actions": ["create"]}},
		{"address": "a.two", "change": {"actions": ["delete", "create"]}},
		{"address": "a.three", "change": {"actions": ["no-op"]}}], "terraform_version": "1.9.0", "secret": 1}`
	for _, c := range []struct{ name, kind, text, want string }{
		{"a message knows the line of the body it came from", "plan", `package slipway
import rego.v1
deny contains "first" if input.terraform.terraform_version
deny contains "second" if {
	input.nothing
}
deny contains "third" if true
`, "deny:3 \"first\"\ndeny:7 \"third\""},
		{"a built-in that fails is an error, and the rules beside it are heard", "plan", `package slipway
import rego.v1
deny contains "too many" if {
	limit := to_number("11 ")
	count(input.terraform.resource_changes) < limit
}
deny contains "always" if true
`, `deny:7 "always"
runtime error policies/plan/p.rego:4:11 to_number: strconv.ParseFloat: parsing "11 ": invalid syntax`},
		{"a built-in that fails below a negation allows nothing", "plan", `package slipway
import rego.v1
small if to_number("11 ") > 3
warn contains "large" if not small
`, `runtime error policies/plan/p.rego:3:10 to_number: strconv.ParseFloat: parsing "11 ": invalid syntax`},
		{"version 0 is understood where version 1 is not", "plan", `package spacelift
deny[msg] {
  resource := input.terraform.resource_changes[_]
  resource.change.actions[_] == "delete"
  msg := sprintf("%s goes", [resource.address])
}
`, `deny:2 "a.two goes"`},
		{"aliases are given where they are missed", "plan", `package spacelift
warn[r.address] { r := recreated_resources[_] }
deny["many"] { count(affected_resources) > 1 }
`, "deny:3 \"many\"\nwarn:2 \"a.two\""},
		{"a rule that the policy asks about but does not define is false", "plan", `package spacelift
warn["quiet"] { count(deny) == 0 }
`, `warn:2 "quiet"`},
		{"conftest judges the plan document", "plan", `package main
deny_secret[msg] { input.secret == 1; msg := "secret" }
violation[{"msg": "two", "details": {}}] { true }
warn_x[msg] { msg := "x" }
exception[rules] { rules := ["secret"] }
`, "deny_secret:2 \"secret\" excepted\nviolation:3 {\"details\":{},\"msg\":\"two\"}\nwarn_x:4 \"x\""},
		{"a package named in METADATA is conftest's", "plan", `# METADATA
# custom:
#   namespace: terraform.tags
package terraform.tags
deny["no"] { input.secret }
`, `deny:5 "no"`},
		{"the documented input holds only what Spacelift passes on", "plan", `package slipway
deny["leak"] { input.terraform.secret }
warn["ok"] { input.terraform.terraform_version == "1.9.0" }
`, `warn:3 "ok"`},
		{"of a complete rule the body that gave the value is named", "push", `package spacelift
track { input.push.branch == "production" }
track {
  input.push.branch == "main"
}
propose { not track }
lock = "a"
`, "lock:7 \"a\"\ntrack:3 true"},
		{"sanitized gives what Spacelift's gives", "plan", `package slipway
deny[x] { x := concat(" ", [sanitized("mysql"), sanitized("5.7"), sanitized("db.t3.micro"), sanitized("exampledb"), sanitized("default.mysql5.7")]) }
warn["numbers stay"] { sanitized(7) == 7 }
`, "deny:2 \"eae35047 fc40d152 4f8189cd 59832d41 bead1390\"\nwarn:3 \"numbers stay\""},
		{"P1: what is not a set is a type error on its line", "plan", `package slipway
warn["heard"] { true }

deny = 7 { true }
`, "warn:2 \"heard\"\ntype error policies/plan/p.rego:4:1 deny is the number 7; it must be a set of messages"},
		{"P1: a message of another type is a type error", "plan", `package slipway
deny[x] { x := 3 }
`, "type error policies/plan/p.rego:2:1 deny has the number 3; a message is a text, or an object with msg"},
		{"P1: a faulty body hides nothing of the others", "plan", `package slipway
import rego.v1
f(x) := 1 if x > 0
f(x) := 2 if x > 1
deny contains "heard" if true
deny contains "never" if f(2) == 1
`, "deny:5 \"heard\"\nruntime error policies/plan/p.rego:4:1 function data.slipway.f produced conflicting values for the same inputs: 1 at policies/plan/p.rego:3 2 at policies/plan/p.rego:4"},
		{"P1: the outside world is closed", "plan", `package slipway
import rego.v1
deny contains "x" if http.send({"method": "get", "url": "http://169.254.169.254"}).status_code == 200
`, "load error policies/plan/p.rego:3:22 http.send is not available: a policy decides from its input alone"},
		{"P1: what does not parse is an error with its column", "plan", `package slipway
import rego.v1
deny contains msg if {
	msg := 
}
`, "load error policies/plan/p.rego:5:1 unexpected } token"},
		{"a policy that could never decide is an error", "plan", `package slipway
dney["typo"] { true }
`, "load error policies/plan/p.rego:1:1 it defines none of the rules of a plan policy (deny, warn), so it would never decide anything"},
		{"a package that nobody asks is an error", "plan", "package other\ndeny[\"x\"] { true }\n",
			"load error policies/plan/p.rego:1:1 package other is neither slipway, spacelift nor main: if it judges the plan document itself, say so with `namespace: other` under `custom` in the file's METADATA"},
		{"package main judges no pushes", "push", "package main\ndeny[\"x\"] { true }\n",
			"load error policies/push/p.rego:1:1 a push policy belongs to package slipway (or spacelift); package main judges plans only"},
		{"a known rule of the wrong kind is refused at once", "push", "package slipway\ntrack[x] { x := 1 }\npropose(x) { x }\n",
			"type error policies/push/p.rego:3:1 propose is a function here; it must be true or false\ntype error policies/push/p.rego:2:1 track is a set or object here; it must be true or false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := judge(t, c.kind, c.text, anInput, plan); got.String() != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestWhichVersionAPolicyIsIn(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"both accept it", "package slipway\ndeny := {\"x\"}\n", "v1"},
		{"only version 0 does", "package slipway\ndeny[\"x\"] { true }\n", "v0"},
		{"METADATA says so", "# METADATA\n# custom:\n#   engine: v0\npackage slipway\ndeny := {\"x\"}\n", "v0"},
		{"METADATA says so at its top", "# METADATA\n# engine: v1\npackage slipway\ndeny contains \"x\"\n", "v1"},
		{"the import says so", "package slipway\nimport rego.v1\ndeny contains \"x\"\n", "v1"},
		{"version 0 with future keywords", "package slipway\nimport future.keywords.in\ndeny[x] { some x in [\"x\"] }\n", "v0"},
		{"parses as version 1, compiles as version 0 only", "package slipway\ndeny := {\"x\" | re_match(\"a\", \"a\")}\n", "v0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded, result := judge(t, "plan", c.text, anInput)
			if loaded.Engine != c.want || len(result.Errors) > 0 {
				t.Errorf("got %q, want %q: %v", loaded.Engine, c.want, result)
			}
		})
	}
	loaded, _ := judge(t, "plan", "# METADATA\n# engine: v1\npackage slipway\ndeny[\"x\"] { true }\n", anInput)
	if len(loaded.Errors) == 0 {
		t.Error("a policy that says v1 was read as v0")
	}
}

func TestALoopEndsByItsDeadline(t *testing.T) {
	e := newEngine()
	loop := `package slipway
import rego.v1
deny contains "never" if {
	some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b == -1
}
`
	ask(t, e, question{Op: "load", Set: "s", Policies: sources(
		policySource{"loop", "plan", "loop.rego", loop},
		policySource{"fine", "plan", "fine.rego", "package slipway\ndeny[\"fine\"] { true }\n"})})
	a := ask(t, e, question{Op: "evaluate", Set: "s", DeadlineMS: 200}, "{}")
	want := "timeout error loop.rego:3:1 it took longer than its time limit"
	if got := a.Results[0].String(); got != want {
		t.Errorf("got %s", got)
	}
	if got := a.Results[1].String(); got != `deny:2 "fine"` {
		t.Errorf("the other policy says %s", got)
	}
}

func TestAPolicyThatEatsMemoryIsStoppedOnItsLine(t *testing.T) {
	e := newEngine()
	eat := `package slipway
import rego.v1
deny contains "never" if {
	everything := numbers.range(1, 1000000000)
	count(everything) == 0
}
`
	ask(t, e, question{Op: "load", Set: "s", Policies: sources(policySource{"eat", "plan", "eat.rego", eat})})
	a := ask(t, e, question{Op: "evaluate", Set: "s", DeadlineMS: 60_000}, "{}")
	want := "memory error eat.rego:3:1 it used more than 300 MB of memory"
	if got := a.Results[0].String(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestTheTimeIsTheQuestions(t *testing.T) {
	e := newEngine()
	text := "package slipway\nimport rego.v1\ndeny contains sprintf(\"%d %d\", [time.now_ns(), rand.intn(\"x\", 1000000)])\n"
	ask(t, e, question{Op: "load", Set: "s", Policies: sources(policySource{"p", "plan", "p.rego", text})})
	q := question{Op: "evaluate", Set: "s", TimeNS: 1763975640000000000}
	first, second := ask(t, e, q, "{}").Results[0].String(), ask(t, e, q, "{}").Results[0].String()
	if first != second || !strings.Contains(first, "1763975640000000000 ") {
		t.Errorf("%s, then %s", first, second)
	}
}

func TestTheLibraryIsBesideEveryPolicy(t *testing.T) {
	e := newEngine()
	load := question{Op: "load", Set: "s", Library: map[string]string{
		"policies/lib/tags.rego":      "package lib.tags\nimport rego.v1\nhas(x) if x == \"y\"\n",
		"policies/lib/old.rego":       "package lib.old\nhas(x) { x == \"y\" }\n",
		"policies/lib/tags_test.rego": "not even rego",
	}}
	delete(load.Library, "policies/lib/tags_test.rego")
	load.Policies = sources(
		policySource{"a", "plan", "a.rego", "package slipway\nimport rego.v1\nimport data.lib.tags\ndeny contains \"a\" if tags.has(\"y\")\n"},
		policySource{"b", "plan", "b.rego", "package slipway\ndeny[\"b\"] { data.lib.old.has(\"y\") }\n"})
	ask(t, e, load)
	a := ask(t, e, question{Op: "evaluate", Set: "s"}, "{}")
	if got := a.Results[0].String() + " " + a.Results[1].String(); got != `deny:4 "a" deny:2 "b"` {
		t.Error(got)
	}
	load.Library["policies/lib/broken.rego"] = "package lib.broken\nx := \n"
	ask(t, e, load)
	a = ask(t, e, question{Op: "evaluate", Set: "s"}, "{}")
	if got := a.Results[0].String(); !strings.HasPrefix(got, "load error policies/lib/broken.rego:3:") {
		t.Error(got)
	}
}

func TestASetThatNobodyLoadedIsUnknown(t *testing.T) {
	e := newEngine()
	if a := ask(t, e, question{Op: "evaluate", Set: "s"}, "{}"); !a.UnknownSet {
		t.Errorf("%+v", a)
	}
	for i := range setLimit + 1 {
		ask(t, e, question{Op: "load", Set: fmt.Sprint(i), Policies: sources(
			policySource{"p", "plan", "p.rego", "package slipway\ndeny := {\"x\"}\n"})})
	}
	if !ask(t, e, question{Op: "evaluate", Set: "0"}, "{}").UnknownSet {
		t.Error("the oldest set was kept")
	}
	if a := ask(t, e, question{Op: "evaluate", Set: "1"}, "{}"); a.UnknownSet || len(e.policies) != 1 {
		t.Errorf("%+v, %d policies", a, len(e.policies))
	}
}

func TestServeAnswersWhatItCannotUnderstand(t *testing.T) {
	var in, out bytes.Buffer
	writeFrame(&in, []byte(`{"id": 7, "op": "dance"}`))
	if err := serve(bufio.NewReader(&in), &out, newEngine()); err != nil {
		t.Fatal(err)
	}
	body, err := readFrame(&out)
	if err != nil || string(body) != `{"id":7,"failure":"\"dance\" is not an operation"}` {
		t.Errorf("%s %v", body, err)
	}
	in.Reset()
	in.Write([]byte{0xff, 0xff, 0xff, 0xff})
	if err := serve(bufio.NewReader(&in), &out, newEngine()); err == nil {
		t.Error("an endless frame was accepted")
	}
}
