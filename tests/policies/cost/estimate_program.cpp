// estimate_program PLAN.json [USAGE.yml]: the document of a plan, priced with the built-in table,
// for tests in other languages. With COST_TYPES=DIR the type files of a directory count.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/estimate.hpp"
#include "policies/cost/infracost.hpp"

using namespace slipway;
using namespace slipway::cost;

namespace {

std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TypeLibrary types_of(const char* folder) {
    TypeLibrary library;
    Findings findings;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".yaml") continue;
        const auto name = entry.path().filename().string(), text = text_of_file(entry.path());
        name.starts_with("free") ? library.add_free(text, name, findings)
                                 : library.add(text, name, findings);
    }
    library.check(findings);
    if (!findings.empty()) throw Failure(findings.text(), Retry::never);
    return library;
}

}  // namespace

int main(int count, char** arguments) try {
    const auto plan = parse_json(text_of_file(arguments[1]));
    if (!plan) throw Failure(plan.error().message, Retry::never);
    UsageFile usage;
    if (count > 2) {
        auto read = UsageFile::read(text_of_file(arguments[2]), arguments[2]);
        if (!read) throw Failure(read.error().message, Retry::never);
        usage = std::move(*read);
    }
    const char* folder = std::getenv("COST_TYPES");
    const TypeLibrary own = folder ? types_of(folder) : TypeLibrary();
    const BuiltInPrices prices;
    const char* today = std::getenv("TODAY");
    const auto made = estimate(
        {*plan, prices, folder ? own : built_in_types(), usage, today ? today : "2026-11-01"});
    auto document = infracost_document(made, {"plan", arguments[1], "2026-11-01T00:00:00Z"});
    Json reasons = Json::array();
    for (const auto& reason : made.reasons)
        reasons.push(Json::object({{"why", word(reason.why)},
                                   {"address", reason.address},
                                   {"component", reason.component},
                                   {"attribute", reason.attribute},
                                   {"value", reason.value}}));
    document.set("slipwayReasons", std::move(reasons));
    std::cout << document.dump_pretty() << "\n";
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
