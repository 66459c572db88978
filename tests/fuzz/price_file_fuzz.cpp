// Price lists from anywhere, in every form that is imported: a refusal has a reason, and what is
// taken over is a price.
#include <algorithm>

#include "policies/cost/prices/import/vendor_files.hpp"
#include "policies/cost/prices/packed_prices.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway::cost;

// The first byte chooses the form: c AWS's CSV, j AWS's JSON, a Azure, g Google.
void fuzz_one(std::string_view bytes) {
    if (bytes.empty()) return;
    const char form = bytes[0];
    auto rest = bytes.substr(1);
    const slipway::ReadSome read = [&](char* to, std::size_t most) {
        const auto count = std::min(most, rest.size());
        std::copy_n(rest.data(), count, to);
        rest.remove_prefix(count);
        return count;
    };
    const std::chrono::sys_days today(std::chrono::year(2026) / 11 / 28);
    PriceCollector collector(today);
    const auto file = form == 'a'   ? read_azure_file(read, collector)
                      : form == 'g' ? read_google_file(read, collector)
                                    : read_aws_file(read, form == 'c', collector);
    if (!file) return must(!file.error().message.empty(), "a refusal has a reason");
    auto collected = collector.finish(today);
    if (!collected) return must(!collected.error().message.empty(), "a refusal has a reason");
    for (const auto& row : collected->rows)
        must(tiers_fault(row.tiers).empty(), "what is taken over is a price");
    must(pack_prices(std::move(collected->rows), "{}").ok(), "a key comes once");
}
