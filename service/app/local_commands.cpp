// Commands that need no service: preview, check, test.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "policies/policies.hpp"
#include "service/app/commands.hpp"
#include "service/app/engine.hpp"
#include "service/app/finish.hpp"
#include "service/app/preview.hpp"
#include "service/app/replay.hpp"
#include "service/base/codec.hpp"
#include "service/catalog/catalog.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

Json documents_of(const std::vector<ConfigFinding>& findings) {
    Json out = Json::array();
    for (const auto& finding : findings) {
        auto one = encode(finding.place);
        one.set("message", Json(finding.message));
        out.push(std::move(one));
    }
    return out;
}

std::string counted(std::size_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

Json documents_of(const AtlantisNotes& notes) {
    return Json::object({{"understood", documents_of(notes.understood)},
                         {"differs", documents_of(notes.differs)},
                         {"ignored", documents_of(notes.ignored)}});
}

void print(const AtlantisNotes& notes) {
    const auto list = [](const char* title, const std::vector<ConfigFinding>& findings) {
        if (!findings.empty()) std::cout << title << "\n";
        for (const auto& finding : findings) std::cout << "  " << finding.text() << "\n";
    };
    list("Understood:", notes.understood);
    list("Different from Atlantis:", notes.differs);
    list("Ignored:", notes.ignored);
}

int check(const std::string& where, bool json) {
    auto loaded = check_directory(where);
    auto findings = std::move(loaded.findings);
    const auto organisation = std::make_shared<const Organisation>(std::move(loaded.organisation));
    asio::io_context io;
    auto engine = make_policies(io.get_executor());
    auto faults = finish(io, faults_of_tree(*engine, organisation));
    findings.insert(findings.end(), faults.begin(), faults.end());
    std::sort(findings.begin(), findings.end());
    const auto& warnings = loaded.warnings;
    if (json) {
        auto out = Json::object(
            {{"findings", documents_of(findings)}, {"warnings", documents_of(warnings)}});
        if (loaded.atlantis) out.set("atlantis", documents_of(*loaded.atlantis));
        std::cout << out.dump() << "\n";
        return findings.empty() ? 0 : 1;
    }
    for (const auto& finding : findings) std::cout << finding.text() << "\n";
    for (auto warning : warnings) {
        warning.message = "warning: " + warning.message;
        std::cout << warning.text() << "\n";
    }
    if (!findings.empty()) return 1;
    if (loaded.atlantis) print(*loaded.atlantis);
    std::cout << counted(organisation->stacks.size(), "stack", "stacks") << ", "
              << counted(organisation->policies.size(), "policy", "policies") << ": no mistakes"
              << (warnings.empty() ? "" : ", " + counted(warnings.size(), "warning", "warnings"))
              << "\n";
    return 0;
}

int test(const std::string& directory, bool coverage, bool json) {
    asio::io_context io;
    auto engine = make_policies(io.get_executor());
    auto task = engine->test(directory, coverage);
    auto result = finish(io, std::move(task));
    if (json)
        std::cout << Json::object({{"passed", Json(result.passed)},
                                   {"failed", Json(result.failed)},
                                   {"skipped", Json(result.skipped)},
                                   {"coverage", result.coverage}})
                         .dump()
                  << "\n";
    else
        std::cout << result.text << (result.text.ends_with('\n') ? "" : "\n");
    return result.failed == 0 ? 0 : 1;
}

void add_test(CLI::App& app, Chosen& chosen) {
    auto directory = std::make_shared<std::string>(".");
    auto json = std::make_shared<bool>(false);
    auto coverage = std::make_shared<bool>(false);
    auto* tst =
        app.add_subcommand("test", "Runs the tests of policies (X_test.rego beside X.rego)");
    tst->add_option("dir", *directory, "Any folder of Rego files (default: here)")
        ->check(CLI::ExistingDirectory);
    tst->add_flag("--coverage", *coverage, "How much of each policy the tests reach");
    auto kept = std::make_shared<std::string>();
    tst->add_option("--replay", *kept,
                    "Ask the policies of the folder what a run's were asked: a file that `slipway "
                    "explain RUN --input KIND` wrote")
        ->check(CLI::ExistingFile);
    tst->add_flag("--json", *json, "JSON instead of words");
    tst->footer(
        "Example: slipway test org --coverage\n"
        "Example: slipway explain 3f9c… --input approval > asked.json && slipway test org --replay "
        "asked.json\n"
        "Exit code: 0 all passed, or decided as it was · 1 some failed, or decided otherwise");
    tst->callback([=, &chosen] {
        chosen = [=] {
            return kept->empty() ? test(*directory, *coverage, *json)
                                 : replay(*directory, *kept, *json);
        };
    });
}

}  // namespace

void add_local_commands(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<PreviewOptions>();
    auto sandbox = std::make_shared<std::string>("bubblewrap");
    auto* pre = app.add_subcommand(
        "preview", "What a pull request of this working copy would get as a comment");
    pre->add_option("--repository", options->repository, "The working copy (default: here)")
        ->check(CLI::ExistingDirectory);
    pre->add_option("--base", options->base,
                    "What it would be merged into (default: origin's main branch)");
    pre->add_option("--head", options->head, "A commit; default: the working tree as it is");
    pre->add_option("--org", options->organisation, "The organisation tree")
        ->check(CLI::ExistingDirectory);
    pre->add_option("--name", options->name,
                    "FORGE/PATH of this repository in the organisation tree");
    pre->add_option("--stack", options->stacks,
                    "Only stacks like this: name, glob, label:x, space:path");
    pre->add_option("--sandbox", *sandbox, "bubblewrap or none")
        ->check(CLI::IsMember({"bubblewrap", "none"}));
    pre->add_option("--writable", options->sandbox.writable,
                    "Paths outside the checkout that plans may write");
    pre->add_flag("--json", options->json, "Comment and checks as JSON");
    pre->footer("Example: slipway preview --org ../platform/org --stack network");
    pre->callback([=, &chosen] {
        options->sandbox.kind = *parse_word<SandboxConfig::Kind>(*sandbox);
        chosen = [options] { return preview(*options); };
    });

    auto directory = std::make_shared<std::string>(".");
    auto json = std::make_shared<bool>(false);
    auto* chk = app.add_subcommand(
        "check",
        "Validates an organisation tree, or a repository's .slipway.yaml or atlantis.yaml");
    chk->add_option("dir", *directory, "The tree (default: here)")->check(CLI::ExistingDirectory);
    chk->add_flag("--json", *json, "JSON instead of words");
    chk->footer(
        "Example: slipway check org\n"
        "Every finding is one line: file:line:column: message\n"
        "Exit code: 0 no mistakes, whatever the warnings · 1 mistakes");
    chk->callback([=, &chosen] { chosen = [=] { return check(*directory, *json); }; });

    add_test(app, chosen);
}

}  // namespace slipway
