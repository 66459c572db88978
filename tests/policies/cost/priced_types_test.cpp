// The list of what is priced is generated: SLIPWAY_UPDATE_GOLDEN=1 writes it.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "policies/cost/type_library.hpp"

using namespace slipway::cost;

namespace {

std::string list_of_types() {
    std::string out =
        "# What is priced\n\n"
        "One row per resource type, generated from `types/`. The keys of the usage file are what "
        "its "
        "price depends on, beside\nthe plan. Types that cost nothing are listed in "
        "`types/free*.yaml`; "
        "all others are \"not priced\".\n\n| type | usage keys |\n|---|---|\n";
    const auto& library = built_in_types();
    for (const auto& type : library.types()) {
        std::string keys;
        for (const auto& [key, meaning] : library.usage_of(*library.find(type)))
            keys += (keys.empty() ? "`" : ", `") + key + "`";
        out += "| `" + type + "` | " + keys + " |\n";
    }
    return out;
}

}  // namespace

TEST_CASE("PRICED.md lists every type that has a price, with its usage keys") {
    const std::string path = SLIPWAY_SOURCE_DIR "/policies/cost/PRICED.md";
    const auto wanted = list_of_types();
    if (std::getenv("SLIPWAY_UPDATE_GOLDEN")) std::ofstream(path) << wanted;
    std::ifstream in(path);
    const std::string there{std::istreambuf_iterator<char>(in), {}};
    CHECK(there == wanted);
}
