// Which files expressions name. A path that a function reads must be known to the letter, or the whole
// directory is "unknown"; a string that merely looks like a path counts as far as it can be read.
package main

import (
	"path"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	mostAlternatives = 32
	deepestLocals    = 16
)

var fileFunctions = map[string]bool{
	"file": true, "filebase64": true, "filebase64gzip": true, "filebase64sha256": true,
	"filebase64sha512": true, "fileexists": true, "filemd5": true, "fileset": true, "filesha1": true,
	"filesha256": true, "filesha512": true, "templatefile": true,
}

// scope: names of for expressions, and whether `each` walks over a fileset: such values are paths below a
// directory that is known, so a path made of them stays there.
type scope struct {
	below map[string]bool
	each  bool
}

// pieces of a string: texts and holes. A hole that is `below` cannot climb out of the text before it.
type piece struct {
	text   string
	marker string // "module" or "root": path.module and its like
	hole   bool
	below  bool
}
type pieces []piece

// base says what the string is relative to; "elsewhere": a marker stands in its middle.
func (p pieces) base() string {
	base := "root"
	for i, one := range p {
		if one.marker != "" && i == 0 {
			base = one.marker
		} else if one.marker != "" {
			return "elsewhere"
		}
	}
	return base
}

func (p pieces) marked() bool { return len(p) > 0 && p[0].marker != "" }

// text up to the first hole, and whether that is all.
func (p pieces) text() (string, bool) {
	var out strings.Builder
	for _, one := range p {
		if one.hole {
			return out.String(), false
		}
		out.WriteString(one.text)
	}
	return out.String(), true
}

func (p pieces) holesStayBelow() bool {
	for _, one := range p {
		if one.hole && !one.below {
			return false
		}
	}
	return true
}

func hole() []pieces { return []pieces{{{hole: true}}} }

// alternatives follows literals, templates, locals and conditions.
func (d *directory) alternatives(expression hclsyntax.Expression, in scope, depth int) []pieces {
	if depth > deepestLocals {
		return hole()
	}
	switch e := expression.(type) {
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.String && e.Val.IsKnown() && !e.Val.IsNull() {
			return []pieces{{{text: e.Val.AsString()}}}
		}
	case *hclsyntax.ParenthesesExpr:
		return d.alternatives(e.Expression, in, depth+1)
	case *hclsyntax.TemplateWrapExpr:
		return d.alternatives(e.Wrapped, in, depth+1)
	case *hclsyntax.TemplateExpr:
		return d.concatenated(e.Parts, "", in, depth)
	case *hclsyntax.ConditionalExpr:
		return append(d.alternatives(e.TrueResult, in, depth+1), d.alternatives(e.FalseResult, in, depth+1)...)
	case *hclsyntax.ScopeTraversalExpr:
		return d.traversed(e.Traversal, in, depth)
	case *hclsyntax.FunctionCallExpr:
		switch name := functionName(e); {
		case (name == "abspath" || name == "pathexpand") && len(e.Args) == 1:
			return d.alternatives(e.Args[0], in, depth+1)
		case name == "join" && len(e.Args) == 2:
			list, isList := e.Args[1].(*hclsyntax.TupleConsExpr)
			separator, whole := d.alternatives(e.Args[0], in, depth+1)[0].text()
			if isList && whole {
				return d.concatenated(list.Exprs, separator, in, depth)
			}
		}
	}
	return hole()
}

func (d *directory) concatenated(parts []hclsyntax.Expression, between string, in scope, depth int) []pieces {
	all := []pieces{nil}
	for i, part := range parts {
		next := d.alternatives(part, in, depth+1)
		var longer []pieces
		for _, before := range all {
			for _, after := range next {
				joined := append(pieces{}, before...)
				if i > 0 && between != "" {
					joined = append(joined, piece{text: between})
				}
				longer = append(longer, append(joined, after...))
			}
		}
		if len(longer) > mostAlternatives {
			return hole()
		}
		all = longer
	}
	return all
}

func (d *directory) traversed(traversal hcl.Traversal, in scope, depth int) []pieces {
	root := traversal.RootName()
	second := ""
	if len(traversal) > 1 {
		if attribute, is := traversal[1].(hcl.TraverseAttr); is {
			second = attribute.Name
		}
	}
	switch {
	case root == "path" && second == "module":
		return []pieces{{{marker: "module"}}}
	case root == "path" && (second == "root" || second == "cwd"):
		return []pieces{{{marker: "root"}}}
	case root == "local" && len(traversal) == 2:
		if expression, is := d.locals[second]; is {
			return d.alternatives(expression, scope{}, depth+1)
		}
	case root == "each" && in.each, in.below[root] && len(traversal) == 1:
		return []pieces{{{hole: true, below: true}}}
	}
	return hole()
}

// functionName: OpenTofu writes core::file as well.
func functionName(call *hclsyntax.FunctionCallExpr) string {
	return strings.TrimPrefix(call.Name, "core::")
}

// isFileset: fileset(…), toset(fileset(…)), or a local that is one.
func (d *directory) isFileset(expression hclsyntax.Expression, depth int) bool {
	if depth > deepestLocals {
		return false
	}
	switch e := expression.(type) {
	case *hclsyntax.ParenthesesExpr:
		return d.isFileset(e.Expression, depth+1)
	case *hclsyntax.FunctionCallExpr:
		name := functionName(e)
		if (name == "toset" || name == "tolist" || name == "sort") && len(e.Args) == 1 {
			return d.isFileset(e.Args[0], depth+1)
		}
		return name == "fileset"
	case *hclsyntax.ScopeTraversalExpr:
		if e.Traversal.RootName() == "local" && len(e.Traversal) == 2 {
			if attribute, is := e.Traversal[1].(hcl.TraverseAttr); is {
				if local, known := d.locals[attribute.Name]; known {
					return d.isFileset(local, depth+1)
				}
			}
		}
	}
	return false
}

// noteRead: a function reads the file, or the directory, that `expression` names.
func (d *directory) noteRead(function string, expression hclsyntax.Expression, in scope) {
	at := expression.Range()
	for _, found := range d.alternatives(expression, in, 0) {
		text, whole := found.text()
		base := found.base()
		if !found.marked() && (strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~")) {
			continue // of the machine, not of the repository
		}
		if base == "elsewhere" || (!whole && !found.holesStayBelow()) {
			d.unknown("%s:%d: the path that %s reads cannot be followed", at.Filename, at.Start.Line, function)
			continue
		}
		if !whole {
			text = text[:strings.LastIndex(text, "/")+1]
		}
		d.notePath(base, found.marked(), text, function == "templatefile", true)
	}
}

// noteString: "${path.module}/…", "../…" and "./…" outside functions that read files.
func (d *directory) noteString(expression hclsyntax.Expression, in scope) {
	for _, found := range d.alternatives(expression, in, 0) {
		text, whole := found.text()
		if found.base() == "elsewhere" ||
			(!found.marked() && !strings.HasPrefix(text, "./") && !strings.HasPrefix(text, "../")) {
			continue
		}
		if end := strings.IndexAny(text, " \t\n"); end >= 0 {
			text, whole = text[:end], true
		}
		if !whole {
			text = text[:strings.LastIndex(text, "/")+1]
		}
		d.notePath(found.base(), found.marked(), text, false, false)
	}
}

func (d *directory) notePath(base string, marked bool, text string, template, strict bool) {
	if marked {
		text = strings.TrimPrefix(text, "/")
	}
	clean := path.Clean(text)
	if len(clean) > 1024 || strings.ContainsRune(clean, 0) {
		return
	}
	if base == "module" && clean != ".." && !strings.HasPrefix(clean, "../") && !template {
		return // inside the directory itself
	}
	d.Paths = append(d.Paths, usedPath{base, clean, template, strict})
}

// walker goes through a body of the native syntax.
type walker struct {
	d       *directory
	parents []hclsyntax.Node
	scopes  []scope
	quiet   map[any]bool // nodes below which strings are no paths
	silence int
}

func (w *walker) scope() scope { return w.scopes[len(w.scopes)-1] }

// isQuiet: lists of nodes are nodes, too, but nothing that a map can be asked for.
func (w *walker) isQuiet(node hclsyntax.Node) bool {
	return reflect.ValueOf(node).Kind() == reflect.Pointer && w.quiet[node]
}

func (w *walker) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if w.isQuiet(node) {
		w.silence++
	}
	inside := w.scope()
	switch n := node.(type) {
	case *hclsyntax.Block:
		if n.Type == "terraform" {
			w.quiet[n.Body] = true
		}
		if source, is := n.Body.Attributes["source"]; is && n.Type == "module" {
			w.quiet[source] = true
		}
		if forEach, is := n.Body.Attributes["for_each"]; is {
			inside.each = w.d.isFileset(forEach.Expr, 0)
		}
	case *hclsyntax.ForExpr:
		below := map[string]bool{}
		for name := range inside.below {
			below[name] = true
		}
		for _, name := range []string{n.KeyVar, n.ValVar} {
			if name != "" {
				below[name] = w.d.isFileset(n.CollExpr, 0)
			}
		}
		inside.below = below
	case *hclsyntax.FunctionCallExpr:
		if name := functionName(n); fileFunctions[name] && len(n.Args) > 0 {
			w.d.noteRead(name, n.Args[0], inside)
			w.quiet[n.Args[0]] = true
			if name == "fileset" && len(n.Args) > 1 {
				w.noteFilesetPattern(n, inside)
				w.quiet[n.Args[1]] = true
			}
		}
	case *hclsyntax.TemplateExpr:
		if w.silence == 0 {
			w.d.noteString(n, inside)
		}
	case *hclsyntax.LiteralValueExpr:
		_, partOfTemplate := w.parents[len(w.parents)-1].(*hclsyntax.TemplateExpr)
		if w.silence == 0 && !partOfTemplate {
			w.d.noteString(n, inside)
		}
	}
	w.parents = append(w.parents, node)
	w.scopes = append(w.scopes, inside)
	return nil
}

func (w *walker) Exit(node hclsyntax.Node) hcl.Diagnostics {
	w.parents = w.parents[:len(w.parents)-1]
	w.scopes = w.scopes[:len(w.scopes)-1]
	if w.isQuiet(node) {
		w.silence--
	}
	return nil
}

// A pattern may climb: fileset(".", "../shared/*.json") names ../shared.
func (w *walker) noteFilesetPattern(n *hclsyntax.FunctionCallExpr, in scope) {
	for _, found := range w.d.alternatives(n.Args[1], in, 0) {
		text, whole := found.text()
		if whole && !strings.Contains(text, "..") {
			continue
		}
		if !whole && found.holesStayBelow() && !strings.Contains(text, "..") {
			continue
		}
		at := n.Range()
		w.d.unknown("%s:%d: the pattern of fileset cannot be followed", at.Filename, at.Start.Line)
	}
}

func (d *directory) walkNode(node hclsyntax.Node) {
	w := &walker{d: d, scopes: []scope{{}}, parents: []hclsyntax.Node{nil}, quiet: map[any]bool{}}
	hclsyntax.Walk(node, w)
}

func (d *directory) walkFile(file parsedFile) {
	if body, native := file.body.(*hclsyntax.Body); native {
		d.walkNode(body)
		return
	}
	d.walkJSON(file.json, nil, file.name)
}

// Every string of the JSON syntax is a template.
func (d *directory) walkJSON(node any, keys []string, file string) {
	if len(keys) > 0 && keys[0] == "terraform" {
		return
	}
	switch n := node.(type) {
	case map[string]any:
		for _, name := range sortedNames(n) {
			d.walkJSON(n[name], append(keys, name), file)
		}
	case []any:
		for _, item := range n {
			d.walkJSON(item, keys, file)
		}
	case string:
		if len(keys) == 3 && keys[0] == "module" && keys[2] == "source" {
			return
		}
		if expression := parseTemplate(n, file); expression != nil {
			d.walkNode(expression)
		} else if strings.Contains(n, "${") {
			d.unknown("%s: a template cannot be read", file)
		}
	}
}
