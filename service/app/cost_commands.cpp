// cost estimate, cost usage: what a plan costs, without any service; and cost history, which asks
// one.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "policies/cost/estimate.hpp"
#include "policies/cost/infracost.hpp"
#include "policies/cost/organisation_costs.hpp"
#include "policies/cost/usage_template.hpp"
#include "service/app/client_calls.hpp"
#include "service/base/clock.hpp"
#include "service/wording/cost.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct CostOptions {
    std::string plan = "-", usage, costs, prices, format = "table";
};

std::string text_of(const std::string& path) {
    if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
    std::ifstream in(path, std::ios::binary);
    if (!in) throw Failure(path + " cannot be read", Retry::never);
    return {std::istreambuf_iterator<char>(in), {}};
}

// As the organisation's tree has them in `costs/`.
cost::OrganisationCosts costs_of(const CostOptions& options) {
    std::map<std::string, std::string> files;
    if (!options.costs.empty())
        for (const auto& entry : fs::directory_iterator(options.costs))
            if (entry.path().extension() == ".yaml")
                files.emplace(entry.path().string(), text_of(entry.path().string()));
    Findings findings;
    auto costs = cost::read_organisation_costs(files, findings);
    if (!findings.empty()) throw Failure(findings.text(), Retry::never);
    return costs;
}

cost::UsageFile usage_of(const CostOptions& options) {
    if (options.usage.empty()) return {};
    auto usage = cost::UsageFile::read(text_of(options.usage), options.usage);
    if (!usage) throw Failure(usage.error().message, Retry::never);
    return std::move(*usage);
}

struct Priced {
    cost::OrganisationCosts costs;
    CostEstimate estimate;
};

Priced priced(const CostOptions& options, const std::string& today) {
    const auto plan = parse_json(text_of(options.plan));
    if (!plan)
        throw Failure(
            (options.plan == "-" ? "the plan" : options.plan) + " is " + plan.error().message,
            Retry::never);
    auto listed = cost::LayeredPrices::open(
        options.prices.empty() ? default_data_directory() + "/prices" : options.prices);
    if (!listed) throw Failure(listed.error().message, Retry::never);
    Priced out{costs_of(options), {}};
    out.costs.usage.add(usage_of(options));
    const cost::DiscountedPrices prices(std::move(*listed), out.costs.discounts, "");
    out.estimate = cost::estimate({*plan, prices, *out.costs.types, out.costs.usage, today});
    return out;
}

int estimate(const CostOptions& options) {
    const auto now = utc_iso(SystemClock().now_ms());
    const auto made = priced(options, now.substr(0, 10)).estimate;
    if (options.format == "json") {
        cost::InfracostFacts facts{options.plan, options.plan, now};
        facts.command = "breakdown";
        std::cout << cost::infracost_document(made, facts).dump_pretty() << "\n";
    } else {
        std::cout << (options.format == "markdown" ? cost_markdown(made) : cost_table(made));
    }
    return 0;
}

int usage(const CostOptions& options) {
    const auto now = utc_iso(SystemClock().now_ms());
    const auto made = priced(options, now.substr(0, 10));
    std::cout << cost::usage_template(made.estimate, *made.costs.types, made.costs.usage);
    return 0;
}

void add_history(CLI::App* group, Chosen& chosen) {
    struct Options {
        Where where;
        std::string name;
    };
    auto options = std::make_shared<Options>();
    auto* command = group->add_subcommand(
        "history", "What a stack, a space or all of them cost since each apply");
    add_where(command, options->where);
    command->add_option("name", options->name, "A stack or a space; default: all");
    command->footer("Example: slipway cost history production");
    command->callback([=, &chosen] {
        chosen = [options] { return show_cost_history(options->where, options->name); };
    });
}

}  // namespace

void add_cost_commands(CLI::App& app, Chosen& chosen) {
    auto* group = app.add_subcommand("cost", "What a plan costs per month, at list prices");
    group->require_subcommand(1);
    auto options = std::make_shared<CostOptions>();
    const auto common = [options](CLI::App* command) {
        command->add_option("plan", options->plan,
                            "The plan as `terraform show -json` writes it, or - (default) for the "
                            "standard input");
        command->add_option("--usage", options->usage, "A usage file")->check(CLI::ExistingFile);
        command
            ->add_option("--prices", options->prices,
                         "The directory of `slipway prices import` (default: the data directory's)")
            ->check(CLI::ExistingDirectory);
        command
            ->add_option(
                "--costs", options->costs,
                "A directory like `costs` in an organisation tree: further types, discounts, usage")
            ->check(CLI::ExistingDirectory);
    };
    auto* est = group->add_subcommand("estimate", "Prices a plan");
    common(est);
    est->add_option("--format", options->format,
                    "table, markdown, or json: the document of Infracost, version 0.2")
        ->check(CLI::IsMember({"table", "json", "markdown"}));
    est->footer("Example: terraform show -json plan.out | slipway cost estimate --usage usage.yml");
    est->callback([=, &chosen] { chosen = [options] { return estimate(*options); }; });

    add_history(group, chosen);

    auto* use = group->add_subcommand(
        "usage", "Writes a usage file with every key that decides what the plan costs");
    common(use);
    use->footer("Example: slipway cost usage plan.json > usage.yml");
    use->callback([=, &chosen] { chosen = [options] { return usage(*options); }; });
}

}  // namespace slipway
