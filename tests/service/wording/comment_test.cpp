// The comment as people read it, against golden files.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/reports.hpp"

using namespace slipway;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// What stands in the file, or, when SLIPWAY_UPDATE_GOLDEN is set, what shall stand there from now
// on.
void check_golden(const std::string& file, const std::string& text) {
    const auto path = fs::path(SLIPWAY_SOURCE_DIR) / "tests/fixtures/wording" / file;
    if (std::getenv("SLIPWAY_UPDATE_GOLDEN")) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    CAPTURE(file);
    CHECK(contents(path) == text);
}

std::string as_text(const CheckText& check) {
    constexpr const char* statuses[] = {"queued", "running", "completed"};
    constexpr const char* outcomes[] = {"success", "failure", "neutral", "action_required",
                                        "cancelled"};
    std::string out = statuses[static_cast<int>(check.status)];
    if (check.status == CheckStatus::done)
        out += std::string(", ") + outcomes[static_cast<int>(check.outcome)];
    out += "\ntitle: " + check.title + "\n";
    for (const auto& note : check.notes)
        out += "note: " + note.path + ":" + std::to_string(note.line) + ": " +
               (note.failure ? "failure" : "warning") + ": " + note.title + ": " + note.message +
               "\n";
    return out + "\n--- summary\n" + check.summary + "\n\n--- text\n" + check.text;
}

}  // namespace

TEST_CASE("every situation reads as its golden file says") {
    for (const auto& [name, report] : situations::all()) {
        check_golden(std::string(name) + ".md", comment_markdown(report));
        std::string checks = "=== " + report.check_name + ": " + as_text(summary_check(report));
        for (const auto& stack : report.stacks)
            checks += "\n=== " + report.check_name + "/" + stack.stack.value + ": " +
                      as_text(stack_check(report, stack));
        check_golden(std::string(name) + ".checks.txt", checks);
        check_golden(std::string(name) + ".terminal.txt", terminal_text(report, false));
    }
}
