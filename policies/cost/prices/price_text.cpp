#include "policies/cost/prices/price_text.hpp"

#include <algorithm>
#include <set>

namespace slipway::cost {
namespace {

using Texts = std::vector<std::string_view>;

Texts split(std::string_view text, char at) {
    Texts out;
    for (;;) {
        const auto end = text.find(at);
        out.push_back(text.substr(0, end));
        if (end == text.npos) return out;
        text.remove_prefix(end + 1);
    }
}

/// Of the words of keys: no space, quote, comma or control character, which the text form could not
/// carry.
bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > ' ' && c < 0x7f && c != ',' && c != '"' && c != '|' && c != ';';
    });
}

/// "az=single;engine=mysql|mariadb" as each of the attributes it stands for; empty where it is not
/// written so.
std::vector<std::string> expanded(std::string_view attributes) {
    std::vector<std::string> out{""};
    if (attributes.empty()) return out;
    std::string_view last;
    for (const auto part : split(attributes, ';')) {
        const auto equals = part.find('=');
        if (equals == part.npos || !is_word(part.substr(0, equals))) return {};
        const auto name = part.substr(0, equals);
        if (name <= last) return {};
        last = name;
        std::vector<std::string> longer;
        for (const auto value : split(part.substr(equals + 1), '|')) {
            if (!is_word(value)) return {};
            for (const auto& before : out)
                longer.push_back(before + (before.empty() ? "" : ";") + std::string(name) + "=" +
                                 std::string(value));
        }
        out = std::move(longer);
    }
    return out;
}

struct Block {
    std::map<std::string_view, std::string_view> said;
    std::vector<std::string> attributes;
    std::chrono::sys_days date;
    Texts regions;  // empty: the header is still being read
};

class TableText {
  public:
    TableText(const std::string& file, const PriceSources& sources, std::vector<PriceRow>& rows)
        : file_(file), sources_(sources), rows_(rows) {}

    Result<std::size_t> read(std::string_view text) {
        const auto before = rows_.size();
        for (const auto line : split(text, '\n')) {
            ++line_;
            if (line.starts_with('#')) continue;
            const auto fault = line.empty() ? end_block() : take(line);
            if (!fault.empty()) return at_line(fault);
        }
        const auto fault = end_block();
        if (!fault.empty()) return at_line(fault);
        return rows_.size() - before;
    }

  private:
    Error at_line(const std::string& fault) const {
        return Error{file_ + ":" + std::to_string(line_) + ": " + fault};
    }

    std::string take(std::string_view line) {
        if (!block_.regions.empty()) return price_line(line);
        return line.starts_with("sku,") ? regions_line(line) : header_line(line);
    }

    std::string end_block() {
        if (block_.said.empty()) return {};
        if (block_.regions.empty()) return "a header without prices; \"sku,REGION,…\" must follow";
        block_ = {};
        return {};
    }

    std::string header_line(std::string_view line) {
        static const std::set<std::string_view> known{"provider", "service", "attributes",
                                                      "unit",     "source",  "date"};
        const auto space = line.find(' ');
        const auto key = line.substr(0, space);
        const auto value = space == line.npos ? std::string_view() : line.substr(space + 1);
        if (!known.contains(key))
            return "\"" + std::string(key) + "\" is no key of a header; there are provider, " +
                   "service, attributes, unit, source and date";
        if (value.empty()) return "\"" + std::string(key) + "\" needs a value";
        if (!block_.said.emplace(key, value).second)
            return "\"" + std::string(key) + "\" is given twice";
        return {};
    }

    std::string regions_line(std::string_view line) {
        for (const char* key : {"provider", "service", "unit", "source", "date"})
            if (!block_.said.contains(key)) return std::string("the header has no ") + key;
        const auto day = parse_day(block_.said["date"]);
        if (!day)
            return "\"" + std::string(block_.said["date"]) + "\" is not a date like 2026-10-15";
        block_.date = *day;
        if (!sources_.contains(block_.said["source"]))
            return "the source \"" + std::string(block_.said["source"]) + "\" is not known";
        for (const char* key : {"provider", "service", "unit"})
            if (!is_word(block_.said[key])) return std::string(key) + " must be one word";
        block_.attributes = expanded(block_.said["attributes"]);
        if (block_.attributes.empty())
            return "attributes are written \"key=value;key=value\", sorted by key";
        block_.regions = split(line.substr(4), ',');
        std::set<std::string_view> seen;
        for (const auto region : block_.regions)
            if (!is_word(region) || !seen.insert(region).second)
                return "\"" + std::string(region) +
                       "\" is not the name of a region, or is listed twice";
        return {};
    }

    std::string price_line(std::string_view line) {
        const auto cells = split(line, ',');
        if (!is_word(cells[0])) return "a line begins with the name of a sku";
        if (cells.size() != block_.regions.size() + 1)
            return std::to_string(cells.size() - 1) + " prices for " +
                   std::to_string(block_.regions.size()) + " regions";
        const auto first = rows_.size();
        for (std::size_t i = 1; i < cells.size(); ++i) {
            if (cells[i].empty()) continue;  // not offered there, or not known
            std::vector<RowTier> tiers;
            const auto fault = read_cell(cells[i], tiers);
            if (!fault.empty()) return "\"" + std::string(cells[i]) + "\": " + fault;
            add(cells[0], block_.regions[i - 1], tiers);
        }
        return rows_.size() == first ? "a sku without any price" : "";
    }

    /// "0.09 10240:0.085": from 0, then above 10,240 units.
    static std::string read_cell(std::string_view cell, std::vector<RowTier>& tiers) {
        for (const auto part : split(cell, ' ')) {
            const auto colon = part.find(':');
            const auto from = colon == part.npos
                                  ? std::optional<std::int64_t>(0)
                                  : parse_fixed(part.substr(0, colon), quantity_decimals);
            const auto price =
                parse_fixed(colon == part.npos ? part : part.substr(colon + 1), price_decimals);
            if (!from || !price) return "a price is a decimal number, or FROM:PRICE";
            tiers.push_back({*from, *price});
        }
        return tiers_fault(tiers);
    }

    void add(std::string_view sku, std::string_view region, const std::vector<RowTier>& tiers) {
        for (const auto& attributes : block_.attributes) {
            PriceRow row;
            row.key = {std::string(block_.said["provider"]), std::string(block_.said["service"]),
                       std::string(region), std::string(sku), attributes};
            row.unit = block_.said["unit"];
            row.source = block_.said["source"];
            row.date = block_.date;
            row.tiers = tiers;
            rows_.push_back(std::move(row));
        }
    }

    const std::string& file_;
    const PriceSources& sources_;
    std::vector<PriceRow>& rows_;
    std::size_t line_ = 0;
    Block block_;
};

}  // namespace

Result<PriceSources> read_price_sources(const std::string& file, std::string_view text) {
    PriceSources out;
    std::size_t number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        const auto space = line.find(' ');
        if (space == line.npos || space == 0 || space + 1 == line.size())
            return Error{file + ":" + std::to_string(number) + ": a line is KEY DESCRIPTION"};
        if (!out.emplace(line.substr(0, space), line.substr(space + 1)).second)
            return Error{file + ":" + std::to_string(number) + ": \"" +
                         std::string(line.substr(0, space)) + "\" is given twice"};
    }
    return out;
}

Result<std::size_t> read_price_text(const std::string& file, std::string_view text,
                                    const PriceSources& sources, std::vector<PriceRow>& rows) {
    return TableText(file, sources, rows).read(text);
}

}  // namespace slipway::cost
