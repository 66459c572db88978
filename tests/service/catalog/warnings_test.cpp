// Mistakes that only two places together make, and warnings about what has no effect. Each kind has
// a case beside it that is right, since a false alarm is worse than none.
#include <doctest/doctest.h>

#include "service/catalog/catalog.hpp"
#include "tests/support/tree_fixture.hpp"

namespace slipway {

namespace {

using Files = std::map<std::string, std::string>;
using Texts = std::vector<std::string>;

const Files base{{"space.yaml",
                  "people: {ada: {local: ada}}\n"
                  "roles: {writer: [ada]}\n"
                  "defaults: {repository: local/infra, version: \"~> 1.10.0\"}\n"},
                 {"stacks/net.yaml", "directory: net\n"}};

struct Told {
    Texts findings, warnings;
};

Told told(Files files) {
    files.insert(base.begin(), base.end());
    TempDir dir;
    write_tree(dir.path(), files);
    const auto loaded = load_organisation(dir.path());
    Told out;
    for (const auto& finding : loaded.findings) out.findings.push_back(finding.text());
    for (const auto& warning : loaded.warnings) out.warnings.push_back(warning.text());
    return out;
}

const std::string approval = "package slipway\n";

}  // namespace

TEST_CASE("a version without quotes is a number, and a constraint must fit some version") {
    struct Case {
        std::string written, finding;
    };
    const std::string number = ", and as numbers 1.10 and 1.1 are the same: put quotes around it, ";
    const auto none = [](const std::string& constraint) {
        return "`version` fits no version: nothing can be " + constraint +
               "; write a constraint that some version fits, like \">= 1.6, < 2\"";
    };
    const Case cases[] = {
        {"1.11", "`version` is the number 1.11" + number +
                     "\"1.11\", or write \"~> 1.11.0\" for each of its patch releases"},
        {"2", "`version` is the number 2" + number + "\"2\""},
        {"\"1.11\"", ""},
        {"1.11.0", ""},
        {"\"~> 1.10, != 1.10.3\"", ""},
        {"\">= 1.5.0, < 1.5.1\"", ""},
        {"\">= 1.5.0, < 1.5.2, != 1.5.0\"", ""},
        {"\"~> 1, > 7\"", ""},
        {"\"> 1.0.0-rc1, < 1\"", ""},
        {"\">= 2, < 1.6\"", none(">= 2, < 1.6")},
        {"\"1.5, 1.6\"", none("1.5, 1.6")},
        {"\"~> 1.10.0, >= 1.11\"", none("~> 1.10.0, >= 1.11")},
        {"\"~> 1.10, < 1.10\"", none("~> 1.10, < 1.10")},
        {"\"~> 1.10, >= 2\"", none("~> 1.10, >= 2")},
        {"\"> 1.5.0, < 1.5.1\"", none("> 1.5.0, < 1.5.1")},
        {"\"1.5.0, != 1.5\"", none("1.5.0, != 1.5")},
    };
    for (const auto& c : cases) {
        CAPTURE(c.written);
        const auto found = told({{"stacks/x.yaml", "directory: x\nversion: " + c.written + "\n"}});
        CHECK(found.findings ==
              (c.finding.empty() ? Texts() : Texts{"stacks/x.yaml:2:10: " + c.finding}));
    }
}

TEST_CASE("two stacks that would write one state are a mistake") {
    const auto found = told({{"a/stacks/again.yaml", "directory: ./net/\n"}});
    CHECK(found.findings ==
          Texts{"stacks/net.yaml:1:12: stack net has the directory net and the workspace default, "
                "as stack again has at a/stacks/again.yaml:1: both would write one state; give one "
                "of them another `directory` or `workspace`"});
    CHECK(found.warnings.empty());
}

TEST_CASE("variables may choose another backend: then it is a warning") {
    const auto found = told({{"stacks/x.yaml", "directory: net\nvariables: {TF_VAR_env: uat}\n"}});
    CHECK(found.findings.empty());
    CHECK(found.warnings ==
          Texts{"stacks/x.yaml:1:12: stack x has the directory net and the workspace default, as "
                "stack net has at stacks/net.yaml:1: unless their variables choose another "
                "backend, both write one state; give one of them another `workspace`"});
}

TEST_CASE("stacks that share a directory without sharing a state are right") {
    for (const char* other :
         {"directory: net\nworkspace: blue\n", "directory: net\nbranch: release\n",
          "directory: net\nrepository: local/other\n", "directory: net\nmode: observe\n",
          "directory: net\napply: {when: never}\n", "directory: net\ntool: custom/ansible\n",
          "directory: net2\n"}) {
        CAPTURE(other);
        const auto found = told({{"stacks/x.yaml", other}});
        CHECK(found.findings.empty());
        CHECK(found.warnings.empty());
    }
}

TEST_CASE("what a space that cannot be read may have said is not missed") {
    CHECK(
        told({{"space.yaml", "defaults: {repository: @X@}\n"},
              {"a/space.yaml", "roles: {writer: [ada]}\n"},
              {"a/policies/approval/eyes.rego",
               "# METADATA\n# custom:\n#   labels: [x]\npackage slipway\n"},
              {"a/stacks/x.yaml", "directory: x\n"}})
            .findings ==
        Texts{"space.yaml:1:24: a value cannot begin with `@`; put quotes around it: \"@X@\" (the "
              "line: defaults: {repository: @X@})"});
}

TEST_CASE("a circle of dependencies is found across spaces") {
    CHECK(told({{"a/stacks/x.yaml", "directory: x\ndepends_on: [y]\n"},
                {"b/stacks/y.yaml", "directory: y\ndepends_on: {x: {}}\n"}})
              .findings == Texts{"b/stacks/y.yaml:2:14: the stacks depend on each other in a "
                                 "circle: x → y → x"});
}

TEST_CASE("a stack that nobody's review can approve is told, once for its space") {
    Files files{{"a/policies/approval/eyes.rego", approval},
                {"a/stacks/x.yaml", "directory: x\nrepository: git.example.com/infra\n"},
                {"a/stacks/y.yaml", "directory: y\nrepository: git.example.com/infra\n"},
                {"a/stacks/z.yaml", "directory: z\n"}};
    CHECK(told(files).warnings ==
          Texts{"a/stacks/x.yaml:1:1: no review can approve stack x: the approval policy at "
                "a/policies/approval/eyes.rego holds for it, and nobody with a login on "
                "git.example.com is writer or admin in the space a; give somebody that role under "
                "`roles`, and a login on git.example.com under `people`"});
    for (const char* roles :
         {"roles: {writer: [git.example.com/ada]}\n",
          "roles: {admin: [git.example.com/acme/dba]}\n", "roles: {writer: [everyone]}\n",
          "people: {bob: {git.example.com: b}}\nroles: {admin: [bob]}\n",
          "teams: {dba: [git.example.com/acme/dba]}\nroles: {writer: [dba]}\n",
          "teams: {dba: [git.example.com/ada]}\nroles: {writer: [dba]}\n"}) {
        CAPTURE(roles);
        files["a/space.yaml"] = roles;
        CHECK(told(files).warnings.empty());
    }
    files["a/space.yaml"] = "roles: {reader: [git.example.com/ada]}\n";
    CHECK(told(files).warnings.size() == 1);
    files["a/space.yaml"] = "mode: observe\n";
    CHECK(told(files).warnings.empty());
    files.erase("a/policies/approval/eyes.rego");
    files["a/space.yaml"] = "";
    CHECK(told(files).warnings.empty());
}

TEST_CASE("a policy of a space without stacks is told, unless repositories may bring some") {
    Files files{{"a/policies/plan/tags.rego", approval}};
    CHECK(told(files).warnings ==
          Texts{"a/policies/plan/tags.rego:1:1: the policy holds for nothing: the space a has no "
                "stack, and no space below has one; move it to a space with stacks, or remove it"});
    files["a/space.yaml"] = "repositories: {local/*: {may_set: [directory]}}\n";
    CHECK(told(files).warnings.empty());
    files["a/space.yaml"] = "";
    files["a/b/stacks/x.yaml"] = "directory: x\n";
    CHECK(told(files).warnings.empty());
    CHECK(told({{"policies/plan/tags.rego", approval}, {"stacks/net.yaml", "directory: n\n"}})
              .warnings.empty());
}

TEST_CASE("what a space above says already, or forbids, is told where it is said again") {
    const auto repeated = [](const std::string& key, const std::string& where) {
        return "`" + key + "` has no effect: the space above says the same at " + where +
               "; remove it";
    };
    CHECK(told({{"a/space.yaml", "defaults: {version: \"~> 1.10.0\", labels: [x]}\n"}}).warnings ==
          Texts{"a/space.yaml:1:12: " + repeated("version", "space.yaml:3")});
    CHECK(told({{"a/space.yaml", "defaults: {labels: [x, y]}\n"},
                {"a/b/space.yaml", "defaults: {labels: [y], branch: main, version: \"1.9\"}\n"}})
              .warnings == Texts{"a/b/space.yaml:1:12: " + repeated("labels", "a/space.yaml:1")});
    CHECK(told({{"a/space.yaml", "mode: observe\ntrust: folder\n"},
                {"a/b/space.yaml", "mode: observe\ntrust: folder\n"}})
              .warnings == Texts{"a/b/space.yaml:1:7: " + repeated("mode", "a/space.yaml:1"),
                                 "a/b/space.yaml:2:8: " + repeated("trust", "a/space.yaml:2")});
    const std::string locked =
        "`mode: apply` has no effect: a/space.yaml:1 lets the whole space observe; remove one of "
        "them";
    CHECK(told({{"a/space.yaml", "mode: observe\ndefaults: {mode: apply}\n"},
                {"a/b/space.yaml", "mode: apply\n"},
                {"a/b/stacks/x.yaml", "directory: x\nmode: apply\n"}})
              .warnings == Texts{"a/b/space.yaml:1:7: " + locked,
                                 "a/b/stacks/x.yaml:2:7: " + locked,
                                 "a/space.yaml:2:18: " + locked});
    CHECK(told({{"a/space.yaml", "mode: apply\ndefaults: {mode: apply}\n"}}).warnings.empty());
}

TEST_CASE("a role that somebody has already is told") {
    const std::string by = " here already, by space.yaml:2; remove one of them";
    CHECK(told({{"a/space.yaml", "roles: {reader: [ada], writer: [ada], admin: [ada]}\n"}})
              .warnings == Texts{"a/space.yaml:1:18: this has no effect: ada is writer" + by,
                                 "a/space.yaml:1:33: this has no effect: ada is writer" + by});
    CHECK(told({{"a/space.yaml", "roles: {admin: [ada, ada]}\n"}}).warnings ==
          Texts{"a/space.yaml:1:22: this has no effect: ada is admin here already, by "
                "a/space.yaml:1; remove one of them"});
    CHECK(told({{"a/space.yaml", "roles: {admin: [ada], reader: [everyone]}\n"}}).warnings.empty());
}

}  // namespace slipway
