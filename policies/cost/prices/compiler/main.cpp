// Runs while Slipway is built: compile-prices SOURCES OUTPUT TABLE… reads the price tables as text,
// refuses whatever is wrong in them with file and line, and writes the packed table that the
// program embeds.
#include <fstream>
#include <iostream>
#include <iterator>

#include "policies/cost/prices/packed_prices.hpp"
#include "policies/cost/prices/price_text.hpp"
#include "service/base/json.hpp"

namespace {

namespace cost = slipway::cost;

std::string whole_file(const char* path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw slipway::Failure(std::string(path) + " cannot be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
T checked(slipway::Result<T> result) {
    if (!result) throw slipway::Failure(result.error().message);
    return std::move(*result);
}

void compile(int count, char** names) {
    const auto sources = checked(cost::read_price_sources(names[1], whole_file(names[1])));
    std::vector<cost::PriceRow> rows;
    for (int i = 3; i < count; ++i) {
        const auto text = whole_file(names[i]);
        checked(cost::read_price_text(names[i], text, sources, rows));
    }
    slipway::Json described = slipway::Json::object();
    for (const auto& [key, description] : sources) described.set(key, slipway::Json(description));
    const auto about = slipway::Json::object({{"sources", described}}).dump();
    const auto packed = checked(cost::pack_prices(std::move(rows), about));
    std::ofstream out(names[2], std::ios::binary | std::ios::trunc);
    out.write(packed.data(), static_cast<std::streamsize>(packed.size()));
    out.close();
    if (!out) throw slipway::Failure(std::string(names[2]) + " cannot be written");
}

}  // namespace

int main(int count, char** names) {
    if (count < 3) {
        std::cerr << "usage: compile-prices SOURCES OUTPUT TABLE...\n";
        return 2;
    }
    try {
        compile(count, names);
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    return 0;
}
