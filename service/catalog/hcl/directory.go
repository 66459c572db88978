// One directory: its configuration files in both syntaxes, and the blocks that matter.
package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
)

const (
	fileLimitBytes = 2 << 20
	nestingLimit   = 500
)

var blocksThatMatter = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"},
	{Type: "locals"},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "ephemeral", LabelNames: []string{"type", "name"}},
}}

type parsedFile struct {
	name string
	text string
	body hcl.Body
	json any // the document, of the JSON syntax
}

type directory struct {
	facts
	files  []parsedFile
	locals map[string]hclsyntax.Expression
}

// isConfiguration says whether either tool reads the file.
func isConfiguration(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") ||
		(strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")) {
		return false
	}
	for _, ending := range []string{".tf", ".tf.json", ".tofu", ".tofu.json"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// overridden says that OpenTofu reads x.tofu in the place of x.tf.
func overridden(name string, files map[string]string) bool {
	for from, to := range map[string]string{".tf": ".tofu", ".tf.json": ".tofu.json"} {
		if stem, found := strings.CutSuffix(name, from); found {
			_, is := files[stem+to]
			return is
		}
	}
	return false
}

func isTofu(name string) bool {
	return strings.HasSuffix(name, ".tofu") || strings.HasSuffix(name, ".tofu.json")
}

func directoryFacts(files map[string]string) facts {
	d := &directory{locals: map[string]hclsyntax.Expression{}}
	// Which tool will read it is not known here: both count, and what they name is united.
	for _, name := range sortedNames(files) {
		if isConfiguration(name) {
			d.parse(name, files[name])
		}
	}
	for _, file := range d.files {
		d.collectLocals(file)
	}
	constraints := map[bool][]string{} // of OpenTofu?
	for _, file := range d.files {
		for _, constraint := range d.readBlocks(file) {
			if !isTofu(file.name) {
				constraints[false] = append(constraints[false], constraint)
			}
			if !overridden(file.name, files) {
				constraints[true] = append(constraints[true], constraint)
			}
		}
		d.walkFile(file)
	}
	d.Required.Terraform = strings.Join(constraints[false], ", ")
	d.Required.OpenTofu = strings.Join(constraints[true], ", ")
	d.Paths = unique(d.Paths)
	d.Providers = providersOf(d.files)
	return d.facts
}

func unique(paths []usedPath) []usedPath {
	seen := map[usedPath]bool{}
	var out []usedPath
	for _, path := range paths {
		if !seen[path] {
			seen[path] = true
			out = append(out, path)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Base+out[i].Path < out[j].Base+out[j].Path
	})
	return out
}

func (d *directory) unknown(format string, values ...any) {
	if d.Unknown == "" {
		d.Unknown = fmt.Sprintf(format, values...)
	}
}

// tooNested guards the recursive parsers: a stack that overflows cannot be recovered from.
func tooNested(text string) bool {
	depth, signs, questions := 0, 0, 0
	for _, c := range []byte(text) {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth > 0 {
				depth--
			}
		case '?':
			questions++
		}
		if c == '!' || c == '-' {
			signs++
		} else if c != ' ' {
			signs = 0
		}
		if depth > nestingLimit || signs > nestingLimit || questions > 10*nestingLimit {
			return true
		}
	}
	return false
}

func (d *directory) parse(name, text string) {
	if len(text) > fileLimitBytes || tooNested(text) {
		d.unknown("%s is too large or too nested", name)
		return
	}
	file := parsedFile{name: name, text: text}
	var parsed *hcl.File
	var trouble hcl.Diagnostics
	if strings.HasSuffix(name, ".json") {
		if err := json.Unmarshal([]byte(text), &file.json); err != nil {
			d.unknown("%s is not valid JSON: %v", name, err)
			return
		}
		parsed, trouble = hcljson.Parse([]byte(text), name)
	} else {
		parsed, trouble = hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
	}
	if trouble.HasErrors() {
		d.unknown("%s", trouble[0].Error())
	}
	if parsed == nil || parsed.Body == nil {
		return
	}
	file.body = parsed.Body
	d.files = append(d.files, file)
}

func blocksOf(file parsedFile) hcl.Blocks {
	content, _, _ := file.body.PartialContent(blocksThatMatter)
	if content == nil {
		return nil
	}
	return content.Blocks
}

func (d *directory) collectLocals(file parsedFile) {
	for _, block := range blocksOf(file) {
		if block.Type != "locals" {
			continue
		}
		attributes, _ := block.Body.JustAttributes()
		for name, attribute := range attributes {
			if expression, is := attribute.Expr.(hclsyntax.Expression); is {
				d.locals[name] = expression
			} else if text, is := jsonText(attribute.Expr); is {
				if template := parseTemplate(text, file.name); template != nil {
					d.locals[name] = template
				}
			}
		}
	}
}

// jsonText gives a string of the JSON syntax as it was written, its template unevaluated.
func jsonText(expression hcl.Expression) (string, bool) {
	value, trouble := expression.Value(nil) // without a context the template is left alone
	if trouble.HasErrors() || value.IsNull() || !value.IsKnown() || value.Type().FriendlyName() != "string" {
		return "", false
	}
	return value.AsString(), true
}

func parseTemplate(text, file string) hclsyntax.Expression {
	if tooNested(text) {
		return nil
	}
	expression, trouble := hclsyntax.ParseTemplate([]byte(text), file, hcl.InitialPos)
	if trouble.HasErrors() {
		return nil
	}
	return expression
}

// readBlocks notes modules and resources, and returns the required versions.
func (d *directory) readBlocks(file parsedFile) (constraints []string) {
	for _, block := range blocksOf(file) {
		at := block.DefRange.Start.Line
		switch block.Type {
		case "terraform":
			for _, expression := range attributesNamed(block.Body, "required_version") {
				if value, trouble := expression.Value(nil); !trouble.HasErrors() && value.IsKnown() &&
					!value.IsNull() && value.Type().FriendlyName() == "string" {
					constraints = append(constraints, value.AsString())
				}
			}
		case "module":
			for _, expression := range attributesNamed(block.Body, "source") {
				d.noteSource(block.Labels[0], expression, file.name, at)
			}
		case "resource", "ephemeral":
			d.noteResource(block.Type, block.Labels, file.name, at)
		case "data":
			d.noteResource("data", block.Labels, file.name, at)
		}
	}
	return constraints
}

func attributesNamed(body hcl.Body, name string) (out []hcl.Expression) {
	schema := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: name}}}
	content, _, _ := body.PartialContent(schema)
	if content == nil {
		return nil
	}
	if attribute, is := content.Attributes[name]; is {
		out = append(out, attribute.Expr)
	}
	return out
}

func (d *directory) noteResource(mode string, labels []string, file string, line int) {
	address := labels[0] + "." + labels[1]
	if mode != "resource" {
		address = mode + "." + address
	}
	d.Resources = append(d.Resources, resource{address, file, line})
}

func (d *directory) noteSource(name string, source hcl.Expression, file string, line int) {
	expression, native := source.(hclsyntax.Expression)
	if !native {
		text, is := jsonText(source)
		if is {
			expression = parseTemplate(text, file)
		}
	}
	if expression == nil {
		d.unknown("%s:%d: the source of module %s cannot be followed", file, line, name)
		return
	}
	for _, pieces := range d.alternatives(expression, scope{}, 0) {
		text, whole := pieces.text()
		if !whole || pieces.base() == "elsewhere" {
			d.unknown("%s:%d: the source of module %s cannot be followed", file, line, name)
			continue
		}
		if strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") || text == "." || text == ".." {
			d.Calls = append(d.Calls, call{name, text, file, line})
		}
	}
}
