// slipway prices: what an estimate is priced with, and how to bring other price lists.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/layered_prices.hpp"
#include "policies/cost/prices/import/import.hpp"
#include "policies/cost/prices/mapped_prices.hpp"
#include "service/app/commands.hpp"
#include "service/base/clock.hpp"
#include "service/base/json.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using cost::PackedPrices;
using cost::PriceRow;

std::chrono::sys_days today() {
    const std::chrono::milliseconds now(SystemClock().now_ms());
    return std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::milliseconds>(now));
}

std::string default_price_directory() { return default_data_directory() + "/prices"; }

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string tiers_text(const PriceRow& row) {
    std::string out;
    for (const auto& tier : row.tiers) {
        if (!out.empty()) out += ", ";
        out += "$" + cost::fixed_text(tier.price, cost::price_decimals);
        if (tier.from > 0) out += " above " + cost::fixed_text(tier.from, cost::quantity_decimals);
    }
    return out + " per " + row.unit;
}

std::shared_ptr<const cost::LayeredPrices> opened(const std::string& directory) {
    auto layers = cost::LayeredPrices::open(directory);
    if (!layers) throw Failure(layers.error().message, Retry::never);
    return *layers;
}

Json as_json(const cost::ImportReport& report) {
    Json files = Json::array(), left = Json::array();
    for (const auto& file : report.files)
        files.push(Json::object({{"file", Json(file.name)},
                                 {"sha256", Json(file.sha256)},
                                 {"bytes", Json(file.bytes)}}));
    for (const auto& [reason, out] : report.left_out)
        left.push(Json::object({{"reason", Json(reason)},
                                {"rows", Json(std::uint64_t{out.rows})},
                                {"example", Json(out.example)}}));
    return Json::object({{"table", Json(report.table.string())},
                         {"published", Json(cost::day_text(report.published))},
                         {"rows_read", Json(std::uint64_t{report.rows_read})},
                         {"added", Json(std::uint64_t{report.added})},
                         {"changed", Json(std::uint64_t{report.changed})},
                         {"unchanged", Json(std::uint64_t{report.unchanged})},
                         {"left_out", left},
                         {"files", files}});
}

int import(const cost::ImportRequest& request, bool json) {
    const auto report = cost::import_prices(request);
    if (!report) throw Failure(report.error().message, Retry::never);
    if (json) {
        std::cout << as_json(*report).dump() << "\n";
        return 0;
    }
    std::cout << counted(report->added, "price", "prices") << " added, " << report->changed
              << " changed, " << report->unchanged << " as before; published "
              << cost::day_text(report->published) << "\n";
    for (const auto& [reason, left] : report->left_out)
        std::cout << "left out: " << counted(left.rows, "row", "rows") << ": " << reason
                  << " (such as " << left.example << ")\n";
    std::cout << "written to " << report->table.string() << "\n";
    return 0;
}

struct Wanted {
    std::string provider, service, sku, region;

    bool fits(const PriceRow& row) const {
        const auto fit = [](const std::string& wanted, const std::string& is) {
            return wanted.empty() || wanted == is;
        };
        return fit(provider, row.key.provider) && fit(service, row.key.service) &&
               fit(sku, row.key.sku) && fit(region, row.key.region);
    }
};

Json as_json(const PriceRow& row, const std::string& table) {
    Json tiers = Json::array();
    for (const auto& tier : row.tiers)
        tiers.push(
            Json::object({{"from", Json(cost::fixed_text(tier.from, cost::quantity_decimals))},
                          {"price", Json(cost::fixed_text(tier.price, cost::price_decimals))}}));
    return Json::object({{"provider", Json(row.key.provider)},
                         {"service", Json(row.key.service)},
                         {"region", Json(row.key.region)},
                         {"sku", Json(row.key.sku)},
                         {"attributes", Json(row.key.attributes)},
                         {"unit", Json(row.unit)},
                         {"tiers", tiers},
                         {"date", Json(cost::day_text(row.date))},
                         {"source", Json(row.source)},
                         {"table", Json(table)}});
}

/// Without a provider: what there is.
void show_summary(const std::string& name, const PackedPrices& table) {
    std::map<std::string, std::size_t> by_service;
    table.each([&](const PriceRow& row) {
        ++by_service[row.key.provider + " " + row.key.service];
        return true;
    });
    std::cout << name << ": " << counted(table.size(), "price", "prices") << ", the newest of "
              << cost::day_text(table.newest()) << "\n";
    for (const auto& [service, count] : by_service)
        std::cout << "  " << service << " " << count << "\n";
}

std::size_t show_rows(const std::string& name, const PackedPrices& table, const Wanted& wanted,
                      bool json) {
    std::size_t found = 0;
    table.each([&](const PriceRow& row) {
        if (!wanted.fits(row)) return true;
        ++found;
        if (json)
            std::cout << as_json(row, name).dump() << "\n";
        else
            std::cout << cost::key_text(row.key) << ": " << tiers_text(row) << "; "
                      << cost::day_text(row.date) << ", " << row.source << "\n";
        return true;
    });
    return found;
}

int show(const std::string& directory, const Wanted& wanted, bool json) {
    const auto layers = opened(directory);
    std::size_t found = 0;
    const auto one = [&](const std::string& name, const PackedPrices& table) {
        if (wanted.provider.empty())
            show_summary(name, table);
        else
            found += show_rows(name, table, wanted, json);
    };
    for (const auto& mapped : layers->imported()) one(mapped->path().string(), mapped->table());
    one("built in", cost::built_in_table());
    if (wanted.provider.empty()) {
        if (cost::is_old(layers->newest(), today()))
            std::cout
                << "The newest price is more than 180 days old: slipway prices import --help\n";
        return 0;
    }
    if (found == 0) std::cerr << "There is no such price\n";
    return found == 0 ? 1 : 0;
}

/// Against what Slipway brings along.
int diff(const std::string& directory) {
    const auto layers = opened(directory);
    std::size_t same = 0, other = 0, only_imported = 0;
    std::map<cost::PriceKey, PriceRow, bool (*)(const cost::PriceKey&, const cost::PriceKey&)> ours(
        &cost::key_before);
    cost::built_in_table().each([&](const PriceRow& row) {
        ours.emplace(row.key, row);
        return true;
    });
    for (const auto& mapped : layers->imported())
        mapped->table().each([&](const PriceRow& row) {
            const auto built_in = ours.find(row.key);
            if (built_in == ours.end()) {
                ++only_imported;
            } else if (built_in->second.tiers == row.tiers && built_in->second.unit == row.unit) {
                ++same;
            } else {
                ++other;
                std::cout << cost::key_text(row.key) << ": " << tiers_text(built_in->second) << " ("
                          << cost::day_text(built_in->second.date) << ") is " << tiers_text(row)
                          << " (" << cost::day_text(row.date) << ")\n";
            }
            return true;
        });
    std::cout << counted(other, "price differs", "prices differ") << ", " << same << " are equal, "
              << only_imported << " are only in the import\n";
    return other == 0 ? 0 : 1;
}

int verify(const std::string& directory) {
    bool good = true;
    const auto say = [&](const std::string& name, const PackedPrices& table) {
        std::size_t wrong = 0;
        table.each([&](const PriceRow& row) {
            const auto fault = cost::tiers_fault(row.tiers);
            if (fault.empty() && row.date <= today()) return true;
            ++wrong;
            std::cout << name << ": " << cost::key_text(row.key) << ": "
                      << (fault.empty() ? "a date in the future" : fault) << "\n";
            return true;
        });
        good &= wrong == 0;
        std::cout << name << ": " << counted(table.size(), "price", "prices") << ", " << wrong
                  << " wrong\n";
    };
    const auto layers = opened(directory);
    for (const auto& mapped : layers->imported()) say(mapped->path().string(), mapped->table());
    say("built in", cost::built_in_table());
    return good ? 0 : 1;
}

void add_import(CLI::App& prices, const std::shared_ptr<std::string>& directory, Chosen& chosen) {
    auto request = std::make_shared<cost::ImportRequest>();
    auto date = std::make_shared<std::string>();
    auto json = std::make_shared<bool>(false);
    auto* cmd = prices.add_subcommand("import", "Takes over price lists that a vendor publishes");
    cmd->fallthrough();  // to --prices
    cmd->add_option("--from", request->vendor, "Whose files: aws, azure or gcp")
        ->required()
        ->check(CLI::IsMember({"aws", "azure", "gcp"}));
    cmd->add_option("files", request->inputs, "Files, or directories of .csv and .json files")
        ->required()
        ->check(CLI::ExistingPath);
    cmd->add_option("--published", *date,
                    "YYYY-MM-DD, where the files do not say it (azure, gcp); default: the newest "
                    "day on which a price of them began");
    cmd->add_flag("--replace", request->replace, "Forget what was imported of this vendor before");
    cmd->add_flag("--json", *json, "JSON instead of words");
    cmd->footer(
        "Example: slipway prices import --from aws AmazonEC2-eu-west-1.csv\n"
        "deploy/guide/prices.md has the one line per vendor that fetches the files.\n"
        "All or nothing: what is cut off, or mixes currencies, changes nothing.");
    cmd->callback([=, &chosen] {
        request->directory = *directory;
        request->today = today();
        chosen = [=] {
            if (!date->empty()) {
                request->published = cost::parse_day(*date);
                if (!request->published || *request->published > request->today)
                    throw Failure("--published is a past day like 2026-10-15", Retry::never);
            }
            return import(*request, *json);
        };
    });
}

}  // namespace

void add_price_commands(CLI::App& app, Chosen& chosen) {
    auto directory = std::make_shared<std::string>(default_price_directory());
    auto* prices = app.add_subcommand("prices", "What estimates are priced with");
    prices->require_subcommand(1);
    prices->add_option("--prices", *directory,
                       "Where imported price lists lie (default: " + *directory + ")");
    prices->footer("Example: slipway prices show aws ec2 m5.large --region eu-west-1");
    add_import(*prices, directory, chosen);

    auto wanted = std::make_shared<Wanted>();
    auto json = std::make_shared<bool>(false);
    auto* shw = prices->add_subcommand("show", "The prices of a service, or which there are");
    shw->add_option("provider", wanted->provider, "aws, azure, gcp");
    shw->add_option("service", wanted->service, "Such as ec2");
    shw->add_option("sku", wanted->sku, "Such as m5.large");
    shw->add_option("--region", wanted->region, "Only of this region");
    shw->add_flag("--json", *json, "A JSON object per line");
    shw->fallthrough();
    shw->footer("Example: slipway prices show azure vm Standard_D2s_v3 --region westeurope");
    shw->callback([=, &chosen] { chosen = [=] { return show(*directory, *wanted, *json); }; });

    auto* dff =
        prices->add_subcommand("diff", "Where imported prices differ from the built-in ones");
    dff->fallthrough();
    dff->footer("Example: slipway prices diff\nExits with 1 where any differs.");
    dff->callback([=, &chosen] { chosen = [=] { return diff(*directory); }; });

    auto* vrf =
        prices->add_subcommand("verify", "Whether every price list is whole and makes sense");
    vrf->fallthrough();
    vrf->footer("Example: slipway prices verify\nExits with 1 where a price does not.");
    vrf->callback([=, &chosen] { chosen = [=] { return verify(*directory); }; });
}

}  // namespace slipway
