// The organisation tree: what it says when it is right, and every mistake with its place.
#include <algorithm>

#include <doctest/doctest.h>

#include "service/catalog/catalog.hpp"
#include "tests/support/tree_fixture.hpp"

namespace slipway {

namespace {

using Files = std::map<std::string, std::string>;

Loaded load(const Files& files) {
    TempDir dir;
    write_tree(dir.path(), files);
    return load_organisation(dir.path());
}

std::vector<std::string> texts(const std::vector<ConfigFinding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) out.push_back(finding.text());
    return out;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
}

const Files good{
    {"README.md", "Ours\n"},
    {"space.yaml",
     "name: Acme\n"
     "people: {ada: {github.com: ada-l, local: ada}, grace: {github.com: ghopper}}\n"
     "teams: {dba: [grace, github.com/acme/dba]}\n"
     "roles: {admin: [ada], writer: [dba], reader: [everyone]}\n"
     "defaults: {repository: github.com/acme/infra, tool: opentofu, version: \"~> 1.10.0\"}\n"
     "stacks:\n"
     "  - each: {bank: [alpha, beta], env: [uat, prod]}\n"
     "    id: \"{bank}-{env}-network\"\n"
     "    directory: \"banks/{bank}/{env}/network\"\n"
     "    labels: [\"bank:{bank}\", \"env:{env}\"]\n"
     "    also_triggered_by: [\"modules/{vpc,dns}/**\"]\n"
     "repositories: {github.com/acme/*: {may_set: [directory, tool, labels], labels: "
     "[\"team:*\"]}}\n"},
    {"stacks/payments-prod.yaml",
     "directory: stacks//payments/\n"
     "branch: release\n"
     "workspace: blue\n"
     "labels: [team:payments, env:prod]\n"
     "apply: {when: before_merge, start: automatic}\n"
     "depends_on: {alpha-prod-network: {outputs: {vpc_id: TF_VAR_vpc}, always: true}, eu: {}}\n"
     "variables: {TF_VAR_region: eu-central-1, N: 3, TOKEN: {env: PAY_TOKEN}, KEY: {file: /etc/k, "
     "for: both},"
     " FLAG: {value: x, for: plan}}\n"
     "time_limit_minutes: {plan: 5}\n"
     "managed_state: false\n"
     "delete: forbid\n"
     "pool: default\n"},
    {"policies/plan/require-tags.rego", "package slipway\n"},
    {"policies/plan/require-tags_test.rego", "package slipway_test\n"},
    {"policies/approval/two-eyes.rego",
     "# METADATA\n# title: Two eyes\n# custom:\n#   labels: [\"env:p*\"]\npackage slipway\n"},
    {"policies/lib/helpers.rego", "package lib.helpers\n"},
    {"production/space.yaml", "roles: {writer: [grace]}\n"},
    {"production/policies/push/never.rego", "package slipway\n"},
    {"production/eu/stacks/eu.yaml", "directory: eu\nid: eu\n"},
    {"observed/space.yaml", "mode: observe\n"},
    {"observed/below/stacks/seen.yaml", "directory: seen\nmode: apply\n"},
};

}  // namespace

TEST_CASE("a tree becomes stacks, policies, people and rights") {
    Loaded loaded = load(good);
    CAPTURE(joined(texts(loaded.findings)));
    REQUIRE(loaded.findings.empty());
    const auto& org = loaded.organisation;
    CHECK(org.stacks.size() == 7);
    const Stack* matrix = org.find(StackId("beta-uat-network"));
    REQUIRE(matrix);
    CHECK(matrix->directory == "banks/beta/uat/network");
    CHECK(matrix->labels == std::vector<std::string>{"bank:beta", "env:uat"});
    CHECK(matrix->also_triggered_by == std::vector<std::string>{"modules/{vpc,dns}/**"});
    CHECK(matrix->place.file == "space.yaml");
    CHECK(matrix->place.line == 7);

    const Stack* payments = org.find(StackId("payments-prod"));
    REQUIRE(payments);
    CHECK(payments->repository.text() == "github.com/acme/infra");
    CHECK(payments->branch == "release");
    CHECK(payments->directory == "stacks/payments");
    CHECK(payments->tool == ToolKind::opentofu);
    CHECK(payments->version == "~> 1.10.0");
    CHECK(payments->workspace == "blue");
    CHECK(payments->apply_when == ApplyWhen::before_merge);
    CHECK(payments->apply_start == ApplyStart::automatic);
    CHECK(payments->plan_limit_minutes == 5);
    CHECK(payments->apply_limit_minutes == 120);
    CHECK(payments->depends_on ==
          std::vector<StackId>{StackId("alpha-prod-network"), StackId("eu")});
    CHECK(payments->references == std::vector<OutputReference>{{StackId("alpha-prod-network"),
                                                                "vpc_id", "TF_VAR_vpc", true}});
    CHECK(payments->variables.at("N").value == "3");
    CHECK(payments->variables.at("TF_VAR_region").phase == VariablePhase::both);
    CHECK(payments->variables.at("TOKEN").source == Variable::Source::worker_environment);
    CHECK(payments->variables.at("TOKEN").phase == VariablePhase::apply);
    CHECK(payments->variables.at("KEY").phase == VariablePhase::both);
    CHECK(payments->variables.at("FLAG").phase == VariablePhase::plan);

    CHECK(org.find(StackId("eu"))->space == SpaceId("production/eu"));
    CHECK(org.find(StackId("seen"))->mode == Mode::observe);
    CHECK(org.observes(SpaceId("observed/below")));
    CHECK_FALSE(org.observes(SpaceId("observed-not")));
    CHECK_FALSE(org.observes(SpaceId("")));
    CHECK(org.policy_library.size() == 1);
    CHECK(org.policies.size() == 3);
    CHECK(org.digest.size() == 64);
}

TEST_CASE("C3: what a space says holds for all below it, and a selector only narrows") {
    auto org = load(good).organisation;
    auto names = [&](const char* stack, PolicyKind kind) {
        std::vector<std::string> out;
        for (const auto& policy : org.policies_for(*org.find(StackId(stack)), kind))
            out.push_back(policy.name);
        return out;
    };
    using Names = std::vector<std::string>;
    CHECK(names("eu", PolicyKind::plan) == Names{"require-tags"});
    CHECK(names("eu", PolicyKind::push) == Names{"never"});
    CHECK(names("payments-prod", PolicyKind::push).empty());
    CHECK(names("payments-prod", PolicyKind::approval) == Names{"two-eyes"});
    CHECK(names("alpha-prod-network", PolicyKind::approval) == Names{"two-eyes"});
    CHECK(names("alpha-uat-network", PolicyKind::approval).empty());
    CHECK(names("eu", PolicyKind::approval).empty());
}

TEST_CASE("a budget holds for its space and all below, and what things cost is the root's") {
    auto files = good;
    files["space.yaml"] += "budget: {monthly: 20000}\n";
    files["production/space.yaml"] += "budget: {monthly: 5000.50, warn_at: 0.8}\n";
    files["costs/acme_vm.yaml"] = "type: acme_vm\n";
    files["costs/README.md"] = "What our own things cost.\n";
    const auto loaded = load(files);
    CAPTURE(joined(texts(loaded.findings)));
    REQUIRE(loaded.findings.empty());
    const auto& org = loaded.organisation;
    CHECK(org.cost_files.size() == 1);
    CHECK(org.cost_files.at("costs/acme_vm.yaml") == "type: acme_vm\n");
    const auto budgets = org.budgets_for(SpaceId("production/eu"));
    REQUIRE(budgets.size() == 2);
    CHECK(budgets[0].monthly == "20000");
    CHECK(budgets[0].warn_at.empty());
    CHECK(budgets[1].space == SpaceId("production"));
    CHECK(budgets[1].monthly == "5000.5");
    CHECK(budgets[1].warn_at == "0.8");
    CHECK(org.budgets_for(SpaceId("observed")).size() == 1);
}

TEST_CASE("C5: labels that a repository gives itself match no selector unless the space says so") {
    auto org = load(good).organisation;
    org.policy_labels["policies/approval/two-eyes.rego"] = {"env:prod", "team:*"};
    Stack own = *org.find(StackId("payments-prod"));
    own.self_described = true;
    own.space = SpaceId("");
    own.labels = {"env:prod"};
    CHECK(org.policies_for(own, PolicyKind::approval).empty());
    own.labels = {"team:payments"};
    CHECK(org.policies_for(own, PolicyKind::approval).size() == 1);
    own.space = SpaceId("production");  // another space's word does not count
    CHECK(org.policies_for(own, PolicyKind::approval).empty());
}

TEST_CASE("W2: roles are inherited from above, and who is not named has none") {
    auto org = load(good).organisation;
    struct Case {
        const char* forge;
        const char* login;
        const char* space;
        Role role;
    };
    const Case cases[] = {
        {"github.com", "ada-l", "", Role::admin},
        {"github.com", "ada-l", "production/eu", Role::admin},
        {"local", "ada", "production", Role::admin},
        {"gitlab.com", "ada-l", "", Role::reader},
        {"github.com", "ghopper", "production/eu", Role::writer},
        {"github.com", "ghopper", "", Role::writer},
        {"github.com", "stranger", "production", Role::reader},
        {"github.com", "ada", "", Role::reader},
        {"github.com", "", "", Role::none},
        {"", "ada", "", Role::admin},
        {"", "team:dba", "", Role::none},
        {"", "everyone", "", Role::reader},
        {"github.com", "acme/dba", "", Role::none},
    };
    for (const auto& c : cases) {
        CAPTURE(std::string(c.forge) + " " + c.login + " " + c.space);
        CHECK(org.role_of(Actor{c.forge, c.login, false}, SpaceId(c.space)) == c.role);
    }
    CHECK(org.role_of(Actor{"github.com", "robot", true}, SpaceId("")) == Role::none);
    org.roles[""].erase("reader");
    CHECK(org.role_of(Actor{"github.com", "stranger", false}, SpaceId("production")) == Role::none);
    CHECK(org.logins_of_team("dba", "github.com") == std::vector<std::string>{"ghopper"});
    CHECK(org.logins_of_team("dba", "local").empty());
    CHECK(org.logins_of_team("none", "github.com").empty());
    CHECK(org.forge_teams(SpaceId("production/eu"), "github.com") ==
          std::vector<std::pair<std::string, Role>>{{"acme/dba", Role::writer}});
    CHECK(org.forge_teams(SpaceId(""), "gitlab.com").empty());
}

TEST_CASE("C1: only stacks whose tracked branch it is are on a branch") {
    auto org = load(good).organisation;
    RepositoryName infra{"github.com", "acme/infra"};
    CHECK(org.stacks_on(infra, "release").size() == 1);
    CHECK(org.stacks_on(infra, "main").size() == 6);
    CHECK(org.stacks_on(infra, "topic").empty());
    CHECK(org.stacks_on({"local", "acme/infra"}, "main").empty());
}

TEST_CASE("ten planted mistakes are found, all ten and nothing else") {
    Files files = good;
    files["stacks/a.yaml"] = "directory: a\nbrunch: main\n";                      // 1 unknown key
    files["stacks/b.yaml"] = "directory: b\ntime_limit_minutes: {plan: soon}\n";  // 2 wrong type
    files["stacks/c.yaml"] = "id: payments-prod\ndirectory: c\n";                 // 3 duplicate id
    files["stacks/d.yaml"] = "directory: d\ndepends_on: {e: {}}\n";               // 4 a circle
    files["stacks/e.yaml"] = "directory: e\ndepends_on: [f]\n";
    files["stacks/f.yaml"] = "directory: f\ndepends_on: [d]\n";
    files["stacks/g.yaml"] = "directory: ../g\n";  // 5 leaves the repository
    files["stacks/h.yaml"] = "directory: h\nalso_triggered_by: [\"x/[a\"]\n";  // 6 bad pattern
    files["policies/plans/x.rego"] = "package slipway\n";                      // 7 unknown kind
    files["production/space.yaml"] = "roles: {writer: [grcae]}\n";             // 8 unknown name
    files["production/policies/plan/lost.rego"] =
        "# METADATA\n# custom:\n#   labels: [env:nowhere]\npackage slipway\n";  // 9 selects nothing
    files["stacks/i.yaml"] = "directory: i\nlabels: [x\n";                      // 10 no YAML
    auto found = texts(load(files).findings);
    const std::vector<std::string> expected{
        "policies/plans: there is no policy kind plans; did you mean `plan`?",
        "production/policies/plan/lost.rego:1:1: no stack has a label that the policy's METADATA "
        "selects: env:nowhere",
        "production/space.yaml:1:18: nobody is called grcae; did you mean `grace`?",
        "stacks/a.yaml:2:1: a stack has no key `brunch`; did you mean `branch`?",
        "stacks/b.yaml:2:28: `plan` is a whole number from 1 to 1440",
        "stacks/f.yaml:2:14: the stacks depend on each other in a circle: d → e → f → d",
        "stacks/g.yaml:1:12: `directory` is a path inside the repository, relative to its root and "
        "without `..`",
        "stacks/h.yaml:2:21: the pattern x/[a ",
        "stacks/i.yaml:",
        "stacks/payments-prod.yaml:1:1: there is a stack payments-prod already, at stacks/c.yaml:1",
    };
    CAPTURE(joined(found));
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        CAPTURE(found[i]);
        CHECK(found[i].starts_with(expected[i]));
    }
}

TEST_CASE("every other mistake is told at its place") {
    struct Case {
        std::string what;
        std::string file;
        std::string text;
        std::string finding;
    };
    const Case cases[] = {
        {"a budget without an amount", "extra/space.yaml", "budget: {warn_at: 0.8}\n",
         "extra/space.yaml:1:9: `budget` needs `monthly`"},
        {"a budget of nothing", "extra/space.yaml", "budget: {monthly: 0}\n",
         "extra/space.yaml:1:19: `monthly` is an amount in US dollars above 0"},
        {"a budget in words", "extra/space.yaml", "budget: {monthly: much}\n",
         "extra/space.yaml:1:19: `monthly` is an amount in US dollars above 0"},
        {"a warning above the budget", "extra/space.yaml", "budget: {monthly: 9, warn_at: 80}\n",
         "extra/space.yaml:1:31: `warn_at` is a share of the budget"},
        {"costs of a space", "production/costs/x.yaml", "type: x\n",
         "production/costs: costs are the root's alone"},
        {"costs that are not YAML", "costs/x.json", "{}\n",
         "costs/x.json: a file about costs ends in .yaml"},
        {"no directory", "stacks/x.yaml", "branch: main\n",
         "stacks/x.yaml:1:1: a stack needs `directory`"},
        {"absolute", "stacks/x.yaml", "directory: /etc\n",
         "stacks/x.yaml:1:12: `directory` is a path inside"},
        {"empty file", "stacks/x.yaml", "", "stacks/x.yaml:1:1: a stack needs `directory`"},
        {"a list", "stacks/x.yaml", "- directory: a\n",
         "stacks/x.yaml:1:1: a stack is a map, not a list"},
        {"bad id", "stacks/x.yaml", "id: a/b\ndirectory: a\n",
         "stacks/x.yaml:1:5: the stack's id a/b is made"},
        {"bad file name", "stacks/x y.yaml", "directory: a\n",
         "stacks/x y.yaml:1:1: the stack's id x y is made"},
        {"repository", "stacks/x.yaml", "directory: a\nrepository: https://github.com/a/b\n",
         "stacks/x.yaml:2:13: `repository` is FORGE/PATH"},
        {"tool", "stacks/x.yaml", "directory: a\ntool: pulumi\n",
         "stacks/x.yaml:2:7: `tool` is terraform, opentofu or custom/NAME in this version, not "
         "pulumi"},
        {"tool", "stacks/x.yaml", "directory: a\ntool: tofu\n",
         "stacks/x.yaml:2:7: `tool` is terraform, opentofu or custom/NAME"},
        {"tool", "stacks/x.yaml", "directory: a\ntool: custom\n",
         "stacks/x.yaml:2:7: `tool` names a tool of the workers' configuration, as custom/NAME"},
        {"tool", "stacks/x.yaml", "directory: a\ntool: custom/../x\n",
         "stacks/x.yaml:2:7: `tool` names a tool of the workers' configuration, as custom/NAME"},
        {"tool", "stacks/x.yaml", "directory: a\ntool: terraform/x\n",
         "stacks/x.yaml:2:7: `tool` is terraform, opentofu or custom/NAME"},
        {"version", "stacks/x.yaml", "directory: a\nversion: latest\n",
         "stacks/x.yaml:2:10: `version` is a version constraint"},
        {"when", "stacks/x.yaml", "directory: a\napply: {when: always}\n",
         "stacks/x.yaml:2:15: `when` is one of on_merge, before_merge, never"},
        {"secret", "stacks/x.yaml", "directory: a\nvariables: {P: {secret: a/b}}\n",
         "stacks/x.yaml:2:25: `secret` is not part of this version: let the worker"},
        {"variable name", "stacks/x.yaml", "directory: a\nvariables: {a-b: x}\n",
         "stacks/x.yaml:2:13: `a-b` is not a valid name of an environment variable"},
        {"own variable", "stacks/x.yaml", "directory: a\nvariables: {PATH: /tmp}\n",
         "stacks/x.yaml:2:13: PATH is set by Slipway itself"},
        {"two sources", "stacks/x.yaml", "directory: a\nvariables: {A: {env: B, file: /c}}\n",
         "stacks/x.yaml:2:16: variable A has one of `value`, `env` and `file`"},
        {"drift", "stacks/x.yaml", "directory: a\ndrift: {cron: \"0 * * * *\"}\n",
         "stacks/x.yaml:2:8: `drift` is not part of this version"},
        {"managed state", "stacks/x.yaml", "directory: a\nmanaged_state: true\n",
         "stacks/x.yaml:2:16: `managed_state` is not part of this version"},
        {"outputs", "stacks/x.yaml", "directory: a\ndepends_on: {eu: {outputs: [a]}}\n",
         "stacks/x.yaml:2:28: `outputs` says which variable gets which output"},
        {"no output", "stacks/x.yaml", "directory: a\ndepends_on: {eu: {outputs: {1a: B}}}\n",
         "stacks/x.yaml:2:29: `1a` is not the name of an output"},
        {"output to nothing", "stacks/x.yaml",
         "directory: a\ndepends_on: {eu: {outputs: {a: [B, C]}}}\n",
         "stacks/x.yaml:2:32: the output a of eu goes to one environment variable, as TF_VAR_a"},
        {"output's variable", "stacks/x.yaml",
         "directory: a\ndepends_on: {eu: {outputs: {a: b-c}}}\n",
         "stacks/x.yaml:2:32: `b-c` is not a valid name of an environment variable"},
        {"output to our own", "stacks/x.yaml",
         "directory: a\ndepends_on: {eu: {outputs: {a: PATH}}}\n",
         "stacks/x.yaml:2:32: PATH is set by Slipway itself"},
        {"two outputs", "stacks/x.yaml",
         "directory: a\ndepends_on: {eu: {outputs: {a: B, b: B}}}\n",
         "stacks/x.yaml:2:38: B gets eu.a already; give eu.b a variable of its own"},
        {"two sources of a variable", "stacks/x.yaml",
         "directory: a\nvariables: {B: x}\ndepends_on: {eu: {outputs: {a: B}}}\n",
         "stacks/x.yaml:3:32: B is set under `variables`, too; remove it there"},
        {"always without outputs", "stacks/x.yaml",
         "directory: a\ndepends_on: {eu: {always: true}}\n",
         "stacks/x.yaml:2:27: `always` says when outputs are handed over"},
        {"outputs of nobody", "stacks/x.yaml",
         "directory: a\ndepends_on: {payment-prod: {outputs: {a: B}}}\n",
         "stacks/x.yaml:2:14: there is no stack payment-prod; did you mean `payments-prod`?"},
        {"pool", "stacks/x.yaml", "directory: a\npool: gpu\n",
         "stacks/x.yaml:2:7: `pool` is default in this"},
        {"delete", "stacks/x.yaml", "directory: a\ndelete: all\n",
         "stacks/x.yaml:2:9: `delete` is one of forbid, orphan, destroy"},
        {"unknown upstream", "stacks/x.yaml", "directory: a\ndepends_on: [payment-prod]\n",
         "stacks/x.yaml:2:14: there is no stack payment-prod; did you mean `payments-prod`?"},
        {"itself", "stacks/x.yaml", "directory: a\ndepends_on: [x]\n",
         "stacks/x.yaml:2:14: the stacks depend on each other in a circle: x → x"},
        {"yml", "stacks/x.yml", "directory: a\n",
         "stacks/x.yml: a stack is a file that ends in .yaml"},
        {"folder", "stacks/deep/x.yaml", "directory: a\n", "stacks/deep: `stacks/` has no folders"},
        {"stray stack", "x.yaml", "directory: a\n", "x.yaml: is in no folder that means something"},
        {"stray policy", "x.rego", "package slipway\n",
         "x.rego: is in no folder that means something"},
        {"stray policy", "policies/x.rego", "package slipway\n",
         "policies/x.rego: is in no folder of a policy kind"},
        {"spelling", "production/space.yml", "name: x\n",
         "production/space.yml: a space is described by space.yaml"},
        {"context", "contexts/aws.yaml", "a: b\n",
         "contexts/aws.yaml: contexts are not part of this version"},
        {"login policy", "policies/login/x.rego", "package slipway\n",
         "policies/login/x.rego: login policies are not part of this version"},
        {"C3: library below", "production/policies/lib/x.rego", "package lib.helpers\n",
         "production/policies/lib: a library is the root's alone"},
        {"METADATA", "policies/plan/y.rego",
         "package slipway\n# METADATA\n# custom:\n#   labels: {a: b}\n",
         "policies/plan/y.rego:4:13: `labels` of METADATA is a list of patterns"},
        {"METADATA", "policies/plan/y.rego", "# METADATA\n# custom: [\npackage slipway\n",
         "policies/plan/y.rego:"},
        {"role below", "production/space.yaml", "roles: {owner: [ada]}\n",
         "production/space.yaml:1:9: `roles` has no key `owner`"},
        {"person again", "production/space.yaml", "people: {ada: {github.com: mallory}}\n",
         "production/space.yaml:1:10: ada is described already, at space.yaml:2"},
        {"login again", "production/space.yaml", "people: {mallory: {github.com: ada-l}}\n",
         "production/space.yaml:1:10: ada-l on github.com is ada already"},
        {"team of teams", "production/space.yaml", "teams: {all: [dba]}\n",
         "production/space.yaml:1:15: the team all has people and teams of a forge as members, not "
         "dba"},
        {"may_set", "production/space.yaml",
         "repositories: {github.com/x/*: {may_set: [dirctory]}}\n",
         "production/space.yaml:1:43: a stack has no key `dirctory`; did you mean `directory`?"},
        {"hole", "production/space.yaml",
         "stacks:\n  - {each: {env: [a]}, id: \"{env}\", directory: \"x/{enw}\", repository: "
         "local/x}\n",
         "production/space.yaml:2:48: {enw} is not in `each`; did you mean `env`?"},
        {"matrix without variable", "production/space.yaml",
         "stacks:\n  - {each: {env: [a, b]}, id: same, directory: \"x/{env}\"}\n",
         "production/space.yaml:2:31: there is a stack same already"},
        {"defaults", "production/space.yaml", "defaults: {directory: x}\n",
         "production/space.yaml:1:12: `defaults` has no key `directory`"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        Files files = good;
        files[c.file] = c.text;
        auto found = texts(load(files).findings);
        CAPTURE(joined(found));
        CHECK(found.size() == 1);
        CHECK(std::any_of(found.begin(), found.end(),
                          [&](const std::string& text) { return text.starts_with(c.finding); }));
    }
}

TEST_CASE("who is described below decides nothing above") {
    Files files = good;
    files["production/space.yaml"] =
        "people: {mallory: {github.com: mal}}\nroles: {admin: [mallory]}\n";
    CHECK(load(files).findings.empty());
    files["space.yaml"] += "";
    files["aside/space.yaml"] = "roles: {admin: [mallory]}\n";
    CHECK(texts(load(files).findings) ==
          std::vector<std::string>{
              "aside/space.yaml:1:17: mallory is described in production/space.yaml, which is "
              "not above this space; describe it here or above"});
}

TEST_CASE("a team may be written with or without saying that it is one") {
    Files files = good;
    files["production/space.yaml"] = "roles: {writer: [\"team:dba\"], reader: [\"team:ada\"]}\n";
    auto loaded = load(files);
    CHECK(texts(loaded.findings) ==
          std::vector<std::string>{"production/space.yaml:1:40: nobody is called team:ada"});
    CHECK(loaded.organisation.roles.at("production").at("writer") ==
          std::vector<std::string>{"team:dba"});
}

TEST_CASE("the example organisation has no finding") {
    const std::filesystem::path example =
        std::filesystem::path(SLIPWAY_SOURCE_DIR) / "deploy/examples/organisation";
    Loaded loaded = load_organisation(example);
    CAPTURE(joined(texts(loaded.findings)));
    CHECK(loaded.findings.empty());
    CHECK(texts(loaded.warnings).empty());
    CHECK(loaded.organisation.stacks.size() >= 3);
}

TEST_CASE("a directory that the repository lacks is a finding where it is known") {
    TempDir dir;
    write_tree(dir.path(), good);
    auto loaded = load_organisation(dir.path(), [](const Stack& stack) -> std::optional<bool> {
        if (stack.id.value == "eu") return false;
        if (stack.id.value == "seen") return std::nullopt;
        return true;
    });
    CHECK(texts(loaded.findings) ==
          std::vector<std::string>{
              "production/eu/stacks/eu.yaml:1:12: the repository has no directory eu"});
    CHECK(texts(load_organisation(dir.path() / "absent").findings).size() == 1);
}

}  // namespace slipway
