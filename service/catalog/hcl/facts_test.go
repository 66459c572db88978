// What directories use, as a table; and what hostile ones do to the reader: nothing.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func shown(f facts) []string {
	var out []string
	for _, c := range f.Calls {
		out = append(out, fmt.Sprintf("call %s %s %s:%d", c.Name, c.Source, c.File, c.Line))
	}
	for _, p := range f.Paths {
		line := fmt.Sprintf("path %s %s", p.Base, p.Path)
		if p.Template {
			line += " template"
		}
		if !p.Strict {
			line += " loose"
		}
		out = append(out, line)
	}
	if f.Unknown != "" {
		out = append(out, "unknown "+f.Unknown)
	}
	return out
}

func TestWhatADirectoryUses(t *testing.T) {
	for _, c := range []struct {
		what  string
		files map[string]string
		want  []string
	}{
		{"nothing", map[string]string{"main.tf": `resource "terraform_data" "a" {}`}, nil},
		{"a literal file", map[string]string{"main.tf": `locals { a = file("../shared/x.yaml") }`},
			[]string{"path root ../shared/x.yaml"}},
		{"nested in a function", map[string]string{"main.tf": `locals { a = yamldecode(file("../x.yaml")) }`},
			[]string{"path root ../x.yaml"}},
		{"by path.module", map[string]string{"main.tf": `output "a" { value = templatefile("${path.module}/../t.tpl", {}) }`},
			[]string{"path module ../t.tpl template"}},
		{"inside is of no interest", map[string]string{"main.tf": `locals { a = file("${path.module}/x.json") }`}, nil},
		{"by path.root", map[string]string{"main.tf": `locals { a = filebase64("${path.root}/x.bin") }`},
			[]string{"path root x.bin"}},
		{"fileset", map[string]string{"main.tf": `locals { a = fileset("${path.module}/../policies", "*.json") }`},
			[]string{"path module ../policies"}},
		{"fileset that climbs", map[string]string{"main.tf": `locals { a = fileset(path.module, "../*.json") }`},
			[]string{"unknown main.tf:1: the pattern of fileset cannot be followed"}},
		{"each over a fileset", map[string]string{"main.tf": `
resource "x" "y" {
  for_each = fileset("../policies", "**/*.json")
  a        = file("../policies/${each.value}")
}`}, []string{"path root ../policies"}},
		{"for over a fileset", map[string]string{"main.tf": `locals {
  all = fileset("${path.module}/../policies", "*")
  a   = { for f in local.all : f => jsondecode(file("${path.module}/../policies/${f}")) }
}`}, []string{"path module ../policies"}},
		{"a variable", map[string]string{"main.tf": "variable \"x\" {}\nlocals { a = file(var.x) }"},
			[]string{"unknown main.tf:2: the path that file reads cannot be followed"}},
		{"a variable at the end", map[string]string{"main.tf": `locals { a = file("${path.module}/${var.env}.json") }`},
			[]string{"unknown main.tf:1: the path that file reads cannot be followed"}},
		{"each over something else", map[string]string{"main.tf": `resource "x" "y" {
  for_each = var.all
  a = file("x/${each.key}")
}`}, []string{"unknown main.tf:3: the path that file reads cannot be followed"}},
		{"locals", map[string]string{"a.tf": `locals { dir = "${path.module}/../shared" }`, "b.tf": `locals { a = file("${local.dir}/x") }`},
			[]string{"path module ../shared loose", "path module ../shared/x"}},
		{"a condition", map[string]string{"main.tf": `locals { a = file(var.p ? "../p.json" : "../u.json") }`},
			[]string{"path root ../p.json", "path root ../u.json"}},
		{"join and abspath", map[string]string{"main.tf": `locals { a = file(join("/", [abspath(path.module), "..", "x"])) }`},
			[]string{"path module ../x"}},
		{"of the machine", map[string]string{"main.tf": "locals {\na = file(\"/etc/hosts\")\nb = file(pathexpand(\"~/.ssh/id\"))\n}"}, nil},
		{"a string that looks like a path", map[string]string{"main.tf": `resource "aws_s3_object" "a" {
  source = "../lambda/a.zip"
  other  = "${path.module}/../x/${var.y}/z"
  script = "../run.sh --all"
  text   = "see .. for more"
}`}, []string{"path module ../x loose", "path root ../lambda/a.zip loose", "path root ../run.sh loose"}},
		{"state is not a source", map[string]string{"main.tf": `terraform {
  backend "local" { path = "../../state/x" }
}`}, nil},
		{"modules", map[string]string{"main.tf": `
module "vpc" { source = "../../modules/vpc" }
module "far" {
  source = "terraform-aws-modules/vpc/aws"
  version = "5.0.0"
}
module "here" { source = "./sub" }
module "loose" { source = "${var.x}/y" }`},
			[]string{"call vpc ../../modules/vpc main.tf:2", "call here ./sub main.tf:7",
				"unknown main.tf:8: the source of module loose cannot be followed"}},
		{"JSON", map[string]string{"main.tf.json": `{
  "module": {"vpc": {"source": "../vpc"}},
  "locals": {"a": "${file(\"../x.yaml\")}", "d": "../d"},
  "resource": {"x": {"y": {"b": "${path.module}/../z", "c": "${file(var.q)}"}}}
}`}, []string{"call vpc ../vpc main.tf.json:2", "path module ../z loose", "path root ../d loose", "path root ../x.yaml",
			"unknown main.tf.json:1: the path that file reads cannot be followed"}},
		{"OpenTofu's files count as well", map[string]string{"a.tf": `locals { x = file("../tf") }`,
			"a.tofu": `locals { x = file("../tofu") }`}, []string{"path root ../tf", "path root ../tofu"}},
		{"other files do not", map[string]string{".hidden.tf": `x = file("../a")`, "b.tf~": `(`, "#c.tf#": `(`, "x.yaml": "("}, nil},
		{"a syntax error", map[string]string{"main.tf": "resource \"x\" {\n"},
			[]string{"unknown main.tf:1,14-15: Unclosed configuration block; There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file."}},
		{"core functions", map[string]string{"main.tf": `locals { a = core::file("../x") }`}, []string{"path root ../x"}},
	} {
		if got := shown(boundedFacts(c.files)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got  %q\n want %q", c.what, got, c.want)
		}
	}
}

func TestResourcesAndVersions(t *testing.T) {
	got := boundedFacts(map[string]string{
		"main.tf": `terraform { required_version = ">= 1.6" }
resource "a" "b" {
}
data "c" "d" {}
ephemeral "e" "f" {}`,
		"more.tf.json":  "{\"resource\": {\"g\": {\"h\": {}}}}",
		"versions.tf":   `terraform { required_version = "~> 1.11" }`,
		"versions.tofu": `terraform { required_version = "~> 1.10" }`,
	})
	want := []resource{{"a.b", "main.tf", 2}, {"data.c.d", "main.tf", 4}, {"ephemeral.e.f", "main.tf", 5},
		{"g.h", "more.tf.json", 1}}
	if !reflect.DeepEqual(got.Resources, want) {
		t.Errorf("got %v", got.Resources)
	}
	if got.Required != (required{">= 1.6, ~> 1.11", ">= 1.6, ~> 1.10"}) {
		t.Errorf("got %v", got.Required)
	}
}

func TestHostileDirectoriesAreUnknownAndHarmOnlyThemselves(t *testing.T) {
	hostile := map[string]string{
		"parentheses": "a = " + strings.Repeat("(", 1_000_000),
		"brackets":    "a = " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"negations":   "a = " + strings.Repeat("!", 1_000_000) + "true",
		"minus":       "a = " + strings.Repeat("- ", 500_000) + "1",
		"conditions":  "a = " + strings.Repeat("true ? 1 : ", 100_000) + "1",
		"templates":   `a = "` + strings.Repeat(`${"`, 10_000),
		"directives":  `a = "` + strings.Repeat(`%{if true}`, 10_000) + `"`,
		"long":        strings.Repeat("#", 3_000_000),
		"no UTF-8":    "a = \"\xff\xfe\"",
		"locals":      "locals {\n a = file(local.b)\n b = local.a\n}",
		"doubling": "locals {\n l0 = var.x ? \"a\" : \"b\"\n" + func() (out string) {
			for i := 1; i < 30; i++ {
				out += fmt.Sprintf(" l%d = \"${local.l%d}${local.l%d}\"\n", i, i-1, i-1)
			}
			return
		}() + " z = file(local.l29)\n}",
	}
	directories := map[string]map[string]string{"fine": {"main.tf": `locals { a = file("../x") }`}}
	for name, text := range hostile {
		directories[name] = map[string]string{"main.tf": text}
		if name == "parentheses" {
			directories[name+" in JSON"] = map[string]string{"main.tf.json": strings.Repeat("[", 1_000_000)}
		}
	}
	body, _ := json.Marshal(question{ID: 1, Directories: directories})
	answered := reply(body)
	if answered.Failure != "" || len(answered.Directories) != len(directories) {
		t.Fatal(answered.Failure)
	}
	for name, found := range answered.Directories {
		if name == "fine" {
			if len(found.Paths) != 1 || found.Unknown != "" {
				t.Errorf("the fine one: %v", found)
			}
		} else if found.Unknown == "" && name != "no UTF-8" {
			t.Errorf("%s is not unknown", name)
		}
	}
}

func TestWhichProvidersADirectoryUses(t *testing.T) {
	got := directoryFacts(map[string]string{
		"main.tf": `
terraform {
  required_providers {
    dns = {
      source                = "Acme/DNS"
      configuration_aliases = [dns.west]
    }
    old = "~> 1.0"
  }
}
provider "google-beta" {}
resource "null_resource" "a" {}
resource "dns_record" "a" {}
data "aws_ami" "a" { provider = other.west }
resource "terraform_data" "a" {}
ephemeral "vault_token" "a" {}`,
		"more.tf.json": `{"terraform": {"required_providers": {"net": {"source": "tf.acme.test/acme/net"}}},
			"resource": {"random_id": {"a": {"provider": "dice.one"}}}}`,
	}).Providers
	want := []string{"acme/dns", "hashicorp/dice", "hashicorp/google-beta", "hashicorp/null", "hashicorp/old",
		"hashicorp/other", "hashicorp/vault", "tf.acme.test/acme/net"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := directoryFacts(map[string]string{}).Providers; len(got) != 0 {
		t.Errorf("an empty directory uses %v", got)
	}
}

func TestFramesOneAfterAnother(t *testing.T) {
	var in, out bytes.Buffer
	writeFrame(&in, []byte(`{"id": 1, "directories": {"a": {"main.tf": "locals { a = file(\"../x\") }"}}}`))
	writeFrame(&in, []byte(`no JSON`))
	writeFrame(&in, []byte(`{"id": 3}`))
	if err := serve(&in, &out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for out.Len() > 0 {
		frame, err := readFrame(&out)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(frame))
	}
	if len(got) != 3 || !strings.Contains(got[0], `"path":"../x"`) || !strings.Contains(got[1], "not valid JSON") {
		t.Errorf("got %v", got)
	}
	in.Write([]byte{0xff, 0xff, 0xff, 0xff})
	if err := serve(&in, &out); err == nil {
		t.Error("a question of 4 GB is not refused")
	}
}
