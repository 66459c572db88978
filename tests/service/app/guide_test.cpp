// What the guide on costs shows is what the program reads.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "policies/cost/organisation_costs.hpp"
#include "policies/engine/library.hpp"
#include "service/catalog/catalog.hpp"
#include "tests/support/git_fixture.hpp"

using namespace slipway;

namespace {

std::string guide() {
    std::ifstream in(SLIPWAY_SOURCE_DIR "/deploy/guide/cost.md");
    return {std::istreambuf_iterator<char>(in), {}};
}

// The blocks of YAML by the path that their first line names.
std::map<std::string, std::string> examples(const std::string& text) {
    const std::string opening = "```yaml\n# ";
    std::map<std::string, std::string> out;
    for (auto at = text.find(opening); at != text.npos; at = text.find(opening, at + 1)) {
        const auto path_at = at + opening.size(), body_at = text.find('\n', path_at) + 1;
        out[text.substr(path_at, body_at - 1 - path_at)] =
            text.substr(body_at, text.find("```", body_at) - body_at);
    }
    return out;
}

}  // namespace

TEST_CASE("the guide's files of an organisation tree are read without a finding") {
    const auto files = examples(guide());
    CHECK(files.size() == 6);
    TempDir directory;
    for (const auto& [path, text] : files)
        if (!path.starts_with("stacks/")) write_file(directory.path() / path, text);
    const auto loaded = load_organisation(directory.path());
    for (const auto& finding : loaded.findings) FAIL_CHECK(finding.text());
    CHECK(loaded.organisation.budgets_for(SpaceId("production")).size() == 1);
    Findings findings;
    const auto costs = cost::read_organisation_costs(loaded.organisation.cost_files, findings);
    CHECK(findings.text() == "");
    CHECK(costs.types->find("acme_database"));
    CHECK(costs.types->is_free("acme_label"));
    CHECK(costs.discounts.all.size() == 2);
    CHECK_FALSE(costs.usage.empty());
    CHECK(cost::UsageFile::read(files.at("stacks/web/usage.yml"), "usage.yml"));
}

TEST_CASE("the policies that the guide offers come with the program") {
    const auto text = guide();
    for (const char* name : {"plan/space_budget", "plan/stack_budget", "approval/cost",
                             "plan/instance_size", "plan/incomplete_cost"}) {
        CHECK(text.find("policies/library/" + std::string(name) + ".rego)") != text.npos);
        CHECK_FALSE(library_policy(std::string(name) + ".rego").empty());
    }
}
