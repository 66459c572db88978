// Which providers a directory uses, as init would install them: sources of required_providers, and for every other
// provider that a resource, a provider block or a module call names the one that its name implies.
package main

import (
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

var blocksThatNameProviders = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"},
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "ephemeral", LabelNames: []string{"type", "name"}},
	{Type: "list", LabelNames: []string{"type", "name"}},
	{Type: "action", LabelNames: []string{"type", "name"}},
	{Type: "import"},
}}

type providerNames struct {
	sources map[string][]string // local name → sources; files for one tool may differ from the other's
	named   map[string]bool     // local names that something uses
}

func providersOf(files []parsedFile) []string {
	names := providerNames{sources: map[string][]string{}, named: map[string]bool{}}
	for _, file := range files {
		content, _, _ := file.body.PartialContent(blocksThatNameProviders)
		if content == nil {
			continue
		}
		for _, block := range content.Blocks {
			names.readBlock(block)
		}
	}
	all := map[string]bool{}
	for _, sources := range names.sources {
		for _, source := range sources {
			all[source] = true
		}
	}
	for name := range names.named {
		if _, required := names.sources[name]; !required && name != "terraform" && name != "" {
			all["hashicorp/"+strings.ToLower(name)] = true
		}
	}
	out := make([]string, 0, len(all))
	for source := range all {
		out = append(out, source)
	}
	sort.Strings(out)
	return out
}

func (p *providerNames) readBlock(block *hcl.Block) {
	switch block.Type {
	case "terraform":
		p.readRequired(block.Body)
	case "provider":
		p.named[block.Labels[0]] = true
	default:
		for _, expression := range attributesNamed(block.Body, "provider") {
			if name := localName(expression); name != "" {
				p.named[name] = true
				return
			}
		}
		if len(block.Labels) > 0 {
			implied, _, _ := strings.Cut(block.Labels[0], "_")
			p.named[implied] = true
		}
	}
}

// localName of `provider = aws.west` or "aws.west".
func localName(expression hcl.Expression) string {
	if traversal, trouble := hcl.AbsTraversalForExpr(expression); !trouble.HasErrors() {
		return traversal.RootName()
	}
	text, _ := jsonText(expression)
	name, _, _ := strings.Cut(text, ".")
	return name
}

func (p *providerNames) readRequired(body hcl.Body) {
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "required_providers"}}}
	content, _, _ := body.PartialContent(schema)
	if content == nil {
		return
	}
	for _, block := range content.Blocks {
		attributes, _ := block.Body.JustAttributes()
		for name, attribute := range attributes {
			p.sources[name] = append(p.sources[name], requiredSource(name, attribute.Expr))
		}
	}
}

// requiredSource of {source = "a/b", …}, or of a version alone, which is the old way to write it.
func requiredSource(name string, expression hcl.Expression) string {
	pairs, trouble := hcl.ExprMap(expression)
	if !trouble.HasErrors() {
		for _, pair := range pairs {
			key := hcl.ExprAsKeyword(pair.Key)
			if text, is := jsonText(pair.Key); is {
				key = text
			}
			if source, is := jsonText(pair.Value); key == "source" && is {
				return strings.ToLower(source)
			}
		}
	}
	return "hashicorp/" + strings.ToLower(name)
}
