// An atlantis.yaml read as stacks: what is understood, what differs, what is refused.
#include "service/catalog/atlantis.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "service/catalog/detail/atlantis.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tree_fixture.hpp"

namespace slipway {

namespace {

using Texts = std::vector<std::string>;

Texts texts(const std::vector<ConfigFinding>& findings) {
    Texts out;
    for (const auto& finding : findings) out.push_back(finding.text());
    return out;
}

AtlantisSource source() { return {{"github.com", "acme/infra"}, "main"}; }

Loaded read(const std::string& text, const AtlantisSource& from = source()) {
    return read_atlantis_file(text, from);
}

Loaded read_projects(const std::string& projects) {
    return read("version: 3\nprojects:\n" + projects);
}

const Stack& stack(const Loaded& loaded, const std::string& key) {
    for (const auto& one : loaded.organisation.stacks)
        if (one.id.value == "github.com/acme/infra/" + key) return one;
    FAIL("there is no stack ", key);
    return loaded.organisation.stacks.front();
}

bool says(const std::vector<ConfigFinding>& findings, std::string_view text) {
    return std::any_of(findings.begin(), findings.end(), [&](const ConfigFinding& finding) {
        return finding.text().find(text) != std::string::npos;
    });
}

std::string with_workflow(const std::string& steps) {
    return "version: 3\nprojects:\n- {dir: net, workspace: staging, workflow: own}\n"
           "workflows:\n  own:\n    plan:\n      steps: " +
           steps + "\n";
}

}  // namespace

TEST_CASE("a project is a stack that is applied before the merge") {
    const auto loaded = read_projects(
        "- name: payments\n  dir: ./stacks/payments/\n  workspace: staging\n"
        "  terraform_version: v1.9.8\n  terraform_distribution: opentofu\n"
        "- dir: stacks/network\n- {dir: stacks/network, workspace: prod}\n- dir: .\n");
    CHECK(texts(loaded.findings).empty());
    REQUIRE(loaded.organisation.stacks.size() == 4);
    const auto& payments = stack(loaded, "payments");
    CHECK(payments.directory == "stacks/payments");
    CHECK(payments.workspace == "staging");
    CHECK(payments.version == "1.9.8");
    CHECK(word(payments.tool) == "opentofu");
    CHECK(payments.apply_when == ApplyWhen::before_merge);
    CHECK(payments.self_described);
    CHECK(payments.branch == "main");
    CHECK(payments.place.file == "atlantis.yaml");
    CHECK(payments.place.line == 3);
    CHECK_FALSE(payments.only_triggered_by_these);
    CHECK(stack(loaded, "stacks-network").workspace == "default");
    CHECK(stack(loaded, "stacks-network-prod").workspace == "prod");
    CHECK(stack(loaded, "root").directory == ".");
    CHECK(word(stack(loaded, "root").tool) == "terraform");
    REQUIRE(loaded.atlantis);
    CHECK(says(loaded.atlantis->understood,
               "atlantis.yaml:3:3: stack payments: directory stacks/payments, workspace staging, "
               "opentofu 1.9.8"));
}

TEST_CASE("a mistake names its line and key") {
    struct Case {
        std::string text, finding;
    };
    const Case cases[] = {
        {"projects: []\n", "atlantis.yaml:1:1: atlantis.yaml needs `version`"},
        {"version: 1\n", "atlantis.yaml:1:10: `version` is a whole number from 2 to 3"},
        {"version: 3\nproject: []\n",
         "atlantis.yaml:2:1: atlantis.yaml has no key `project`; did you mean `projects`?"},
        {"version: 3\nprojects: {}\n", "atlantis.yaml:2:11: `projects` is a list of projects"},
        {"version: 3\nprojects:\n- name: a\n", "atlantis.yaml:3:3: a project needs `dir`"},
        {"version: 3\nprojects:\n- dir: ../a\n", "atlantis.yaml:3:8: `dir` is a path inside"},
        {"version: 3\nprojects:\n- {dir: a, workspce: b}\n",
         "atlantis.yaml:3:12: a project has no key `workspce`; did you mean `workspace`?"},
        {"version: 3\nprojects:\n- {dir: a, terraform_version: '~> 1.9'}\n",
         "atlantis.yaml:3:31: `terraform_version` is one version, like 1.9.8"},
        {"version: 3\nprojects:\n- {dir: a, terraform_distribution: pulumi}\n",
         "`terraform_distribution` is terraform or opentofu"},
        {"version: 3\nprojects:\n- {dir: a, apply_requirements: [aproved]}\n",
         "atlantis.yaml:3:32: `apply_requirements` are approved, mergeable and undiverged"},
        {"version: 3\nprojects:\n- {dir: a, branch: main}\n",
         "atlantis.yaml:3:20: `branch` is an expression between slashes"},
        {"version: 3\nprojects:\n- {dir: a, depends_on: [b]}\n",
         "atlantis.yaml:3:25: there is no stack github.com/acme/infra/b"},
        {"version: 3\nprojects:\n- dir: a\n- dir: a\n", "there is a stack github.com/acme/infra/a"},
        {"version: 3\nautodiscover: {mode: always}\n",
         "atlantis.yaml:2:22: `mode` is auto, enabled or disabled"},
        {"version: 3\nprojects: [", "atlantis.yaml:"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto loaded = read(c.text);
        CAPTURE(texts(loaded.findings));
        CHECK(says(loaded.findings, c.finding));
    }
}

TEST_CASE("when_modified stands in the place of the directory, seen from it") {
    const auto loaded = read_projects(
        "- dir: stacks/net\n  autoplan:\n"
        "    when_modified: ['*.tf*', '../../modules/**/*.tf', '!*.tfvars', '../../../out/*']\n"
        "- {dir: other, autoplan: {enabled: false}}\n");
    CHECK(texts(loaded.findings).empty());
    const auto& net = stack(loaded, "stacks-net");
    CHECK(net.only_triggered_by_these);
    CHECK(net.also_triggered_by ==
          Texts{"stacks/net/*.tf*/**", "modules/**/*.tf/**", "!stacks/net/*.tfvars/**"});
    CHECK(net.plan_when == PlanWhen::changed);
    CHECK(says(loaded.atlantis->differs, "the pattern ../../../out/* leaves the repository"));
    const auto& other = stack(loaded, "other");
    CHECK(other.plan_when == PlanWhen::asked);
    CHECK_FALSE(other.only_triggered_by_these);
}

TEST_CASE("the order groups of projects become dependencies, together with depends_on") {
    const auto loaded = read_projects(
        "- {name: last, dir: c, execution_order_group: 2}\n"
        "- {name: first, dir: a}\n"
        "- {name: second, dir: b, execution_order_group: 1, depends_on: [first]}\n");
    CHECK(texts(loaded.findings).empty());
    const auto id = [](const char* key) {
        return StackId("github.com/acme/infra/" + std::string(key));
    };
    CHECK(stack(loaded, "first").depends_on.empty());
    CHECK(stack(loaded, "second").depends_on == std::vector<StackId>{id("first")});
    CHECK(stack(loaded, "last").depends_on == std::vector<StackId>{id("first"), id("second")});
    std::string many = "version: 3\nprojects:\n";
    for (int i = 0; i < 1000; ++i)
        many += "- {dir: d" + std::to_string(i) + ", execution_order_group: " + std::to_string(i) +
                "}\n";
    CHECK(says(read(many).findings, "more than 100000 pairs"));
}

TEST_CASE("approved and mergeable ask for an approval, which no policy of the tree has to") {
    const auto loaded = read_projects(
        "- {dir: a, apply_requirements: [approved]}\n- {dir: b, apply_requirements: [mergeable]}\n"
        "- {dir: c, apply_requirements: [undiverged]}\n");
    CHECK(stack(loaded, "a").needs_approval);
    CHECK(stack(loaded, "b").needs_approval);
    CHECK_FALSE(stack(loaded, "c").needs_approval);
    const auto policies =
        loaded.organisation.policies_for(stack(loaded, "a"), PolicyKind::approval);
    REQUIRE(policies.size() == 1);
    CHECK(policies.front().text.find("not review.is_author") != std::string::npos);
    CHECK(loaded.organisation.policies_for(stack(loaded, "a"), PolicyKind::plan).empty());
    CHECK(loaded.organisation.policies_for(stack(loaded, "c"), PolicyKind::approval).empty());
}

TEST_CASE("options of init and plan are passed on where they are harmless") {
    struct Case {
        std::string steps;
        Texts init, plan;
    };
    const Case cases[] = {
        {"[init, plan]", {}, {}},
        {"[{init: {extra_args: [-backend-config=staging.hcl, -input=false]}}, plan]",
         {"-backend-config=staging.hcl"},
         {}},
        {"[init, {plan: {extra_args: [-var-file, $WORKSPACE.tfvars, --var, 'a=b c']}}]",
         {},
         {"-var-file=staging.tfvars", "-var=a=b c"}},
        {"[init, {plan: {extra_args: ['-var-file=${REPO_REL_DIR}/x.tfvars', -lock, 'false']}}]",
         {},
         {"-var-file=net/x.tfvars"}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.steps);
        const auto loaded = read(with_workflow(c.steps));
        CHECK(texts(loaded.findings).empty());
        const auto& net = stack(loaded, "net-staging");
        CHECK(net.init_arguments == c.init);
        CHECK(net.plan_arguments == c.plan);
        CHECK(net.mode == Mode::apply);
    }
}

TEST_CASE("projects of one directory and workspace are told apart by their backends alone") {
    const auto with = [](const std::string& first, const std::string& second) {
        return read(
            "version: 3\nprojects:\n- {dir: ., name: a, workflow: a}\n"
            "- {dir: ., name: b, workflow: b}\nworkflows:\n  a: {plan: {steps: [" +
            first + ", plan]}}\n  b: {plan: {steps: [init, " + second + "]}}\n");
    };
    CHECK(with("{init: {extra_args: [-backend-config=a]}}", "plan").findings.empty());
    CHECK(says(with("init", "{plan: {extra_args: [-var-file=b]}}").findings,
               "both would write one state"));
}

TEST_CASE("a workflow with steps of its own is never run, and its stack never applied") {
    for (const auto& one : std::vector<std::pair<std::string, std::string>>{
             {"[{run: make}, init, plan]", "it has a `run` step"},
             {"[{run: {command: make, output: hide}}, init, plan]", "it has a `run` step"},
             {"[{env: {name: A, value: b}}, init, plan]", "environment variables by `env`"},
             {"[{multienv: x}, init, plan]", "it has a `multienv` step"},
             {"[init]", "its `plan` has no step plan"},
             {"[init, {plan: {extra_args: [-destroy]}}]", "it gives plan `-destroy`"},
             {"[init, {plan: {extra_args: [-out=x]}}]", "it gives plan `-out`"},
             {"[init, {plan: {extra_args: [-target=x]}}]", "it gives plan `-target`"},
             {"[init, {plan: {extra_args: [-chdir=/]}}]", "it gives plan `-chdir`"},
             {"[{init: {extra_args: [-from-module=x]}}, plan]", "it gives init `-from-module`"},
             {"[init, {plan: {extra_args: [-var]}}]", "without a value"},
             {"[init, {plan: {extra_args: ['-var=a=$HOME']}}]", "a variable of Atlantis's"},
             {"[init, apply]", "a step that Slipway does not know"}}) {
        const auto& steps = one.first;
        const auto& why = one.second;
        CAPTURE(steps);
        const auto loaded = read(with_workflow(steps));
        CHECK(texts(loaded.findings).empty());
        const auto& net = stack(loaded, "net-staging");
        CHECK(net.mode == Mode::observe);
        CHECK(net.plan_arguments.empty());
        CHECK(says(loaded.atlantis->differs, "stack net-staging is planned by a plain init"));
        CHECK(says(loaded.atlantis->differs, why));
    }
    const auto unknown = read_projects("- {dir: a, workflow: terragrunt}\n");
    CHECK(stack(unknown, "a").mode == Mode::observe);
    CHECK(says(unknown.atlantis->differs, "the file does not say what it is"));
    CHECK(stack(read_projects("- {dir: a, workflow: default}\n"), "a").mode == Mode::apply);
    const auto apply = read(
        "version: 3\nprojects: [{dir: a}]\nworkflows:\n  default: {apply: {steps: [{run: x}]}}\n");
    CHECK(stack(apply, "a").mode == Mode::observe);
}

TEST_CASE("projects of other branches are left out, and what cannot be followed is kept") {
    const auto loaded = read_projects(
        "- {dir: a, branch: '/^main$/'}\n- {dir: b, branch: '/release/'}\n"
        "- {dir: c, branch: '/ma(i|y)n?/'}\n");
    REQUIRE(loaded.organisation.stacks.size() == 2);
    CHECK(says(loaded.atlantis->ignored, "its `branch` /release/ is not main"));
    CHECK(says(loaded.atlantis->differs, "`branch` /ma(i|y)n?/ is more than names"));
    using catalog::branch_matches;
    CHECK(branch_matches("main", "domain") == true);
    CHECK(branch_matches("^main$", "domain") == false);
    CHECK(branch_matches("^(main|release/.*)$", "release/7") == true);
    CHECK(branch_matches("^(main|release/.*)$", "release") == false);
    CHECK(branch_matches("^v1\\.2$", "v1.2") == true);
    CHECK(branch_matches("^v1\\.2$", "v1x2") == false);
    CHECK(branch_matches("ma+in", "main") == std::nullopt);
    CHECK(branch_matches("(a|b)|c", "a") == std::nullopt);
}

TEST_CASE("without projects, directories with Terraform's files are found") {
    const std::map<std::string, std::string> tree{
        {"app/main.tf", "module \"net\" {\n  source = \"../lib/net\"\n}\n"},
        {"lib/net/main.tf", ""},
        {"modules/dns/main.tf", ""},
        {"old/main.tofu", ""},
        {"docs/notes.md", ""},
        {".terraform/x/main.tf", ""},
        {"main.tf", ""}};
    Texts files;
    for (const auto& [path, text] : tree) files.push_back(path);
    auto from = source();
    from.directories = terraform_directories(
        files, [&](const std::string& path) { return std::optional(tree.at(path)); });
    CHECK(from.directories.all == Texts{".", "app", "lib/net", "modules/dns", "old"});
    CHECK(from.directories.modules == Texts{"lib/net"});
    const auto keys = [&](const std::string& more) {
        Texts out;
        for (const auto& one : read("version: 3\n" + more, from).organisation.stacks)
            out.push_back(one.directory);
        return out;
    };
    CHECK(keys("") == Texts{".", "app", "old"});
    CHECK(keys("autodiscover: {mode: disabled}\n").empty());
    CHECK(keys("autodiscover: {ignore_paths: ['o*']}\n") == Texts{".", "app"});
    CHECK(keys("projects: [{dir: app}]\n") == Texts{"app"});
    CHECK(keys("projects: [{dir: app}]\nautodiscover: {mode: enabled}\n") ==
          Texts{"app", ".", "old"});
    CHECK(keys("projects: [{dir: '*/*'}]\n") == Texts{"lib/net", "modules/dns"});
    CHECK(word(stack(read("version: 3\n", from), "old").tool) == "opentofu");
    CHECK(word(stack(read("version: 3\n", from), "app").tool) == "terraform");
    CHECK(needs_directories("version: 3\n"));
    CHECK(needs_directories("version: 3\nprojects: [{dir: 'a/*'}]\n"));
    CHECK_FALSE(needs_directories("version: 3\nprojects: [{dir: a}]\n"));
    CHECK_FALSE(needs_directories("version: 3\nautodiscover: {mode: disabled}\n"));
}

TEST_CASE("C5: an atlantis.yaml sets only what its space lists") {
    auto from = source();
    from.space = SpaceId("production");
    from.may_set = {"workspace"};
    const auto loaded = read(
        "version: 3\nprojects:\n"
        "- {dir: a, workspace: b, terraform_version: 1.9.8, depends_on: [], "
        "autoplan: {when_modified: [x]}}\n",
        from);
    CHECK(stack(loaded, "a-b").apply_when == ApplyWhen::on_merge);
    CHECK(says(loaded.findings,
               "`terraform_version` may not be set by the repository: the "
               "organisation's space production does not let it set `version`"));
    CHECK(says(loaded.findings, "`when_modified` may not be set"));
    CHECK(says(loaded.findings, "`depends_on` may not be set"));
    CHECK_FALSE(says(loaded.findings, "`workspace` may not"));
}

TEST_CASE("patterns of .dockerignore keep their meaning") {
    using catalog::patterns_from_root;
    CHECK(patterns_from_root("a", "b") == Texts{"a/b/**"});
    CHECK(patterns_from_root("a", "./b/") == Texts{"a/b/**"});
    CHECK(patterns_from_root(".", "**/*.tf*") == Texts{"**/*.tf*/**"});
    CHECK(patterns_from_root("a", "**.tf") == Texts{"a/**/*.tf/**"});
    CHECK(patterns_from_root("a", "x**.tf") == Texts{"a/x*.tf/**", "a/x*/**/*.tf/**"});
    CHECK(patterns_from_root("a", "{b,c}") == Texts{"a/\\{b,c\\}/**"});
    CHECK(patterns_from_root("a/b", "!../c/**") == Texts{"!a/c/**"});
    CHECK(patterns_from_root("a", "../..").empty());
}

TEST_CASE("check reads an atlantis.yaml where there is no .slipway.yaml") {
    Scratch scratch;
    write_tree(scratch.path,
               {{"atlantis.yaml", "version: 3\nprojects: [{dir: gone}, {dir: here}]\n"},
                {"here/main.tf", ""}});
    const auto loaded = check_directory(scratch.path);
    CHECK(says(loaded.findings, "atlantis.yaml:2:18: the repository has no directory gone"));
    CHECK(loaded.organisation.stacks.size() == 2);
    write_tree(scratch.path, {{".slipway.yaml", "version: 1\nstacks: {}\n"}});
    CHECK(check_directory(scratch.path).organisation.stacks.empty());
}

}  // namespace slipway
