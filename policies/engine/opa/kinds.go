// Which rules a policy of each kind may define, and what they must give. The names are those of the
// Spacelift's policies (its documented policy input), so that existing ones run unchanged.
package main

import (
	"regexp"
	"slices"
	"strings"
)

type shape int

const (
	boolean  shape = iota
	messages       // a set (or list) of texts or objects with msg
	names          // a set (or list) of texts
	text
	number
	anything
)

func (s shape) String() string {
	return [...]string{"true or false", "a set of messages", "a set of texts", "a text", "a number", "a value"}[s]
}

func (s shape) isSet() bool { return s == messages || s == names }

var rulesOfKind = map[string]map[string]shape{
	"push": {
		"ignore": boolean, "track": boolean, "ignore_track": boolean, "propose": boolean,
		"notrigger": boolean, "notify": boolean, "fail": boolean, "message": messages,
		"cancel": names, "prioritize": boolean, "allow_fork": boolean, "lock": text, "unlock": text,
		"external_dependency": names, "module_version": text,
		"flag": names, "reset_flag": names, "sample": boolean,
	},
	"plan": {
		"deny": messages, "warn": messages, "flag": names, "reset_flag": names, "sample": boolean,
	},
	"approval": {
		"approve": boolean, "reject": boolean,
		"approve_with_note": messages, "reject_with_note": messages,
		"missing": messages, "approved_by": names, "needed": number, // ours
		"flag": names, "reset_flag": names,
	},
	"trigger":      {"trigger": names, "flag": names, "reset_flag": names},
	"notification": {"inbox": anything, "slack": anything, "webhook": anything, "pull_request": anything},
	"login": {
		"allow": boolean, "admin": boolean, "deny": boolean, "deny_admin": boolean, "roles": anything,
		"team": names, "space_admin": names, "space_write": names, "space_read": names,
	},
}

// conftest's rules: deny, violation and warn, each also with a suffix; exception lists suffixes.
var (
	conftestDeny = regexp.MustCompile(`^(deny|violation)(_[a-zA-Z0-9]+)*$`)
	conftestWarn = regexp.MustCompile(`^warn(_[a-zA-Z0-9]+)*$`)
)

const (
	dialectSlipway   = "slipway"   // the documented input
	dialectSpacelift = "spacelift" // the same input, and only the rules that Spacelift knows
	dialectConftest  = "conftest"  // the plan document itself
)

// What the comment says beside an approval policy. In a policy written for elsewhere these are helpers.
var oursAlone = []string{"missing", "approved_by", "needed"}

func shapeOf(dialect, kind, rule string) (shape, bool) {
	if dialect != dialectConftest {
		s, ok := rulesOfKind[kind][rule]
		return s, ok && (dialect == dialectSlipway || !slices.Contains(oursAlone, rule))
	}
	if conftestDeny.MatchString(rule) || conftestWarn.MatchString(rule) {
		return messages, true
	}
	return anything, rule == "exception"
}

// suffixOf is what conftest's exceptions name: "" for a plain deny.
func suffixOf(rule string) string {
	_, suffix, _ := strings.Cut(rule, "_")
	return suffix
}

// What plan policies of Spacelift may use without defining it. A definition is added only
// where a policy would not compile without, so a policy that OPA accepts is never changed.
var planAliases = map[string]string{
	"affected_resources": alias("affected_resources", `some a in r.change.actions; a in {"create", "update", "delete"}`),
	"created_resources":  alias("created_resources", `"create" in r.change.actions`),
	"deleted_resources":  alias("deleted_resources", `"delete" in r.change.actions`),
	"updated_resources":  alias("updated_resources", `"update" in r.change.actions`),
	"recreated_resources": alias("recreated_resources",
		`"create" in r.change.actions; "delete" in r.change.actions`),
}

func alias(name, condition string) string {
	return name + " contains r if { some r in input.terraform.resource_changes; " + condition + " }\n"
}

// definitionOf is the text that makes `name` exist in a policy of this kind, "" where it is not ours.
// An unknown kind (a test file outside an organisation tree) is offered what plan policies are.
func definitionOf(kind, name string) string {
	if text, ok := planAliases[name]; ok && (kind == "plan" || rulesOfKind[kind] == nil) {
		return text
	}
	s, ok := rulesOfKind[kind][name]
	switch {
	case ok && s.isSet():
		return name + " contains m if { false; m := \"\" }\n"
	case ok && s == boolean:
		return "default " + name + " := false\n"
	}
	return ""
}
