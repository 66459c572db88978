// Danger is named by resource. A few get a sentence each; where they are many, a stack gets one,
// what holds data first, and the numbers are always whole.
#include <algorithm>
#include <array>

#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_diff.hpp"

namespace slipway {

namespace {

constexpr std::size_t sentences_shown = 6;
constexpr std::size_t names_shown = 8;

struct Noun {
    std::string_view part_of_type, noun;
};
// What people lose sleep over.
constexpr std::array<Noun, 26> nouns = {{
    {"_db_instance", "a database"},
    {"_rds_cluster", "a database"},
    {"_sql_", "a database"},
    {"sql_database", "a database"},
    {"_database", "a database"},
    {"postgresql", "a database"},
    {"mysql", "a database"},
    {"dynamodb_table", "a table"},
    {"bigquery_dataset", "a dataset"},
    {"spanner_instance", "a database"},
    {"redshift_cluster", "a database"},
    {"cosmosdb", "a database"},
    {"elasticache", "a cache"},
    {"redis_", "a cache"},
    {"s3_bucket", "a bucket"},
    {"storage_bucket", "a bucket"},
    {"storage_account", "a storage account"},
    {"efs_file_system", "a file system"},
    {"ebs_volume", "a disk"},
    {"_disk", "a disk"},
    {"persistent_volume", "a volume"},
    {"kms_key", "a key"},
    {"crypto_key", "a key"},
    {"key_vault", "a key vault"},
    {"route53_zone", "a DNS zone"},
    {"dns_zone", "a DNS zone"},
}};
// Parts of those that hold nothing themselves.
constexpr std::array<std::string_view, 9> harmless = {
    "_policy",          "_acl",          "_versioning",
    "_parameter_group", "_subnet_group", "_public_access_block",
    "_notification",    "_alias",        "_claim_ref"};

std::string_view noun_of(std::string_view type) {
    for (auto ending : harmless)
        if (type.ends_with(ending)) return {};
    for (const auto& one : nouns)
        if (type.find(one.part_of_type) != type.npos) return one.noun;
    return {};
}

bool is_dangerous(const Change& change) {
    return change.action == Action::remove || change.action == Action::replace;
}

// Past and present: after an apply it is told by the rows.
bool is_ahead(Standing standing) {
    return standing != Standing::applied && standing != Standing::ended &&
           standing != Standing::unknown && standing != Standing::apply_failed;
}

struct Endangered {
    const StackReport* stack;
    std::vector<const Change*> changes;  // what holds data first
    int removed = 0, replaced = 0;       // by the counts, whatever is named
};

std::vector<Endangered> endangered(const std::vector<StackView>& views) {
    std::vector<Endangered> out;
    for (const auto& view : views) {
        if (!view->run || !is_ahead(view.standing) || destroyed(plan_of(*view->run).counts) == 0)
            continue;
        Endangered one;
        one.stack = view.report;
        one.removed = plan_of(*view->run).counts.remove;
        one.replaced = plan_of(*view->run).counts.replace;
        if (view->plan)
            for (const auto& change : view->plan->changes)
                if (is_dangerous(change)) one.changes.push_back(&change);
        std::stable_sort(one.changes.begin(), one.changes.end(),
                         [](const Change* a, const Change* b) {
                             return !noun_of(a->type).empty() > !noun_of(b->type).empty();
                         });
        out.push_back(std::move(one));
    }
    return out;
}

std::string what(const Change& change) {
    const auto noun = noun_of(change.type);
    std::string out = change.action == Action::replace ? "Replaces" : "Destroys";
    if (!noun.empty()) out += " " + std::string(noun);
    return out;
}

std::string one_sentence(const StackReport& stack, const Change& change, const Notices& notices) {
    const auto& voice = notices.voice;
    const bool named = !noun_of(change.type).empty();
    std::string out = voice.strong(what(change) + (named ? ":" : "")) + " " +
                      voice.code(change.address) + " in " + voice.name(stack.stack.value);
    if (change.action == Action::replace) out += " (destroy, then create)";
    if (const auto reason = reason_for(change, voice); !reason.empty()) out += ": " + reason;
    out += ".";
    for (const auto& finding : plan_of(*stack.run).decision.findings) {
        if (finding.severity != Finding::Severity::warn || finding.resource != change.address)
            continue;
        out += " Warning: " + voice.said(finding.message) + " (" + voice.name(finding.policy);
        const auto place = voice.place(finding.place);
        out += (place.empty() ? "" : ", " + place) + ").";
    }
    return out;
}

std::string numbers(int removed, int replaced) {
    std::string out;
    if (removed) out = "Destroys " + std::to_string(removed);
    if (replaced) out += (out.empty() ? "Replaces " : " and replaces ") + std::to_string(replaced);
    return out;
}

std::string grouped(const Endangered& one, const Voice& voice, std::size_t bytes) {
    std::string out = voice.strong(numbers(one.removed, one.replaced) + " in " +
                                   voice.name(one.stack->stack.value));
    std::size_t shown = 0;
    for (const auto* change : one.changes) {
        const auto name = voice.code(change->address);
        if (shown == names_shown || out.size() + name.size() + 40 > bytes) break;
        out += (shown ? ", " : ": ") + name;
        ++shown;
    }
    const auto all = static_cast<std::size_t>(one.removed + one.replaced);
    if (shown && shown < all) out += " and " + std::to_string(all - shown) + " more";
    return out + ".";
}

// A whole stack that goes is named with its number already.
bool leads_the_heading(const StackView& view) {
    return view->run->destroy && !is_observed(*view.report) &&
           (view.standing == Standing::ready || view.standing == Standing::unapproved ||
            view.standing == Standing::considering || view.standing == Standing::unconfirmed ||
            view.standing == Standing::locked);
}

std::string counted(const PlanCounts& counts, std::string_view destroy, std::string_view replace) {
    const auto resources = [](int count) {
        return number_of(static_cast<std::size_t>(count), "resource");
    };
    std::string out;
    if (counts.remove) out = std::string(destroy) + " " + resources(counts.remove);
    if (counts.replace)
        out += (out.empty() ? "" : " and ") + std::string(replace) + " " +
               (counts.remove ? std::to_string(counts.replace) : resources(counts.replace));
    return out;
}

}  // namespace

std::string danger_in_numbers(const std::vector<StackView>& views) {
    PlanCounts ahead, done, refused, broken;
    for (const auto& view : views) {
        if (!view->run || leads_the_heading(view)) continue;
        switch (view.standing) {
            case Standing::applied:
                done += plan_of(*view->run).counts;
                break;
            case Standing::plan_failed:
            case Standing::denied:
            case Standing::unjudged:
            case Standing::rejected:
            case Standing::ended:
                refused += plan_of(*view->run).counts;
                break;
            case Standing::apply_failed:
            case Standing::unknown:
                broken += plan_of(*view->run).counts;
                break;
            default:
                (is_observed(*view.report) ? refused : ahead) += plan_of(*view->run).counts;
        }
    }
    std::string out =
        counted(broken, "it was to destroy", broken.remove ? "to replace" : "it was to replace");
    append_clause(out, counted(done, "destroyed", "replaced"));
    append_clause(out, counted(ahead, "destroys", "replaces"));
    append_clause(out,
                  counted(refused, "would destroy", refused.remove ? "replace" : "would replace"));
    return out;
}

std::string Notices::danger(std::size_t bytes) const {
    const auto stacks = endangered(views);
    std::size_t count = 0;
    bool all_named = true;
    for (const auto& one : stacks) {
        count += static_cast<std::size_t>(one.removed + one.replaced);
        all_named =
            all_named && one.changes.size() == static_cast<std::size_t>(one.removed + one.replaced);
    }
    std::string out;
    if (count <= sentences_shown && all_named) {
        for (int holds_data = 1; holds_data >= 0; --holds_data)
            for (const auto& one : stacks)
                for (const auto* change : one.changes)
                    if (!noun_of(change->type).empty() == (holds_data == 1))
                        add_paragraph(out, one_sentence(*one.stack, *change, *this));
        if (out.size() <= bytes) return out;
        out.clear();
    }
    const auto share = bytes / std::max<std::size_t>(1, stacks.size());
    PlanCounts rest;
    std::size_t left_out = 0;
    for (const auto& one : stacks) {
        auto line = grouped(one, voice, share);
        if (out.size() + line.size() + 120 > bytes) {
            rest.remove += one.removed;
            rest.replace += one.replaced;
            ++left_out;
            continue;
        }
        add_paragraph(out, line);
    }
    if (left_out)
        add_paragraph(out, voice.strong(numbers(rest.remove, rest.replace) + " in " +
                                        number_of(left_out, "more stack")) +
                               "; each stack's check names them.");
    return out;
}

}  // namespace slipway
