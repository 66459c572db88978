#include "service/wording/plan_diff.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/value_diff.hpp"

namespace slipway {

namespace {

constexpr std::size_t lines_a_block = 60;
constexpr std::size_t lines_an_attribute = 24;
constexpr std::size_t lines_of_a_destroyed_one = 6;

std::string address(std::string_view text) {
    return shortened_in_the_middle(one_line(text), name_bytes);
}

struct Reason {
    std::string_view tool, ours;
};
constexpr std::array<Reason, 11> reasons = {{
    {"replace_because_tainted", "it is tainted"},
    {"replace_by_request", "somebody asked for it"},
    {"replace_by_triggers", "something that triggers it changes"},
    {"delete_because_no_resource_config", "it is no longer in the configuration"},
    {"delete_because_no_module", "its module is no longer in the configuration"},
    {"delete_because_wrong_repetition", "its count or for_each is gone or new"},
    {"delete_because_count_index", "its count is smaller now"},
    {"delete_because_each_key", "its key is no longer in for_each"},
    {"delete_because_no_move_target", "what it was to move to is not in the configuration"},
    {"read_because_config_unknown", "its arguments are known only then"},
    {"read_because_dependency_pending", "something that it depends on changes"},
}};

std::string comma(std::string text) { return text.empty() ? text : ", " + std::move(text); }

std::string because(std::string reason) {
    return reason.empty() ? reason : ", because " + std::move(reason);
}

std::string what_happens(const Change& change) {
    const Voice plain(Medium::terminal);
    std::string moved;
    if (!change.previous_address.empty()) moved = "moved from " + address(change.previous_address);
    switch (change.action) {
        case Action::create:
            return "created";
        case Action::read:
            return "read during the apply" + because(reason_for(change, plain));
        case Action::update:
            if (!change.import_id.empty())
                return "imported (" + address(change.import_id) + ") and changed";
            return "changed" + comma(moved);
        case Action::remove:
            return "destroyed" + because(reason_for(change, plain));
        case Action::replace:
            return "replaced" + because(reason_for(change, plain)) + comma(moved);
        case Action::forget:
            return "forgotten: it stays as it is, and is no longer managed";
        case Action::none:
            if (!change.import_id.empty()) return "imported (" + address(change.import_id) + ")";
            if (!moved.empty()) return moved;
            return "unchanged";
    }
    return "";
}

char sign_of(const Change& change) {
    switch (change.action) {
        case Action::create:
            return '+';
        case Action::remove:
        case Action::replace:
            return '-';
        case Action::none:
            return change.import_id.empty() ? '!' : '+';
        case Action::update:
        case Action::read:
        case Action::forget:
            return '!';
    }
    return '!';
}

void add_attributes(DiffBlock& block, const std::vector<AttributeChange>& attributes,
                    std::size_t limit) {
    const auto width = label_width(attributes);
    const auto start = block.lines.size();
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        const auto used = block.lines.size() - start;
        if (used >= limit) {
            block.lines.push_back("    … " + number_of(attributes.size() - i, "more attribute"));
            return;
        }
        add_attribute_lines(block.lines, attributes[i], width,
                            std::min(lines_an_attribute, limit - used));
    }
}

int rank(Action action) { return action == Action::replace || action == Action::remove ? 0 : 1; }

}  // namespace

std::size_t DiffBlock::bytes() const {
    std::size_t sum = 0;
    for (const auto& line : lines) sum += line.size() + 1;
    return sum;
}

std::string reason_for(const Change& change, const Voice& voice) {
    std::vector<std::string> forcing;
    for (const auto& attribute : change.attributes)
        if (attribute.forces_replacement) forcing.push_back(voice.code(attribute.path));
    if (!forcing.empty())
        return list_of(forcing, 4) + (forcing.size() == 1 ? " changes" : " change");
    for (const auto& reason : reasons)
        if (reason.tool == change.reason) return std::string(reason.ours);
    return {};
}

DiffBlock diff_block(const Change& change) {
    DiffBlock block;
    block.action = change.action;
    const auto name = address(change.address);
    block.lines.push_back(std::string(1, sign_of(change)) + " " + name + "  " +
                          what_happens(change));
    if (change.action == Action::replace) block.lines.push_back("+ " + name);
    add_attributes(block, change.attributes,
                   change.action == Action::remove ? lines_of_a_destroyed_one : lines_a_block);
    return block;
}

std::vector<const Change*> in_reading_order(const Plan& plan) {
    std::vector<const Change*> out;
    out.reserve(plan.changes.size());
    for (const auto& change : plan.changes) out.push_back(&change);
    std::stable_sort(out.begin(), out.end(), [](const Change* a, const Change* b) {
        return rank(a->action) < rank(b->action);
    });
    return out;
}

std::vector<DiffBlock> difference_blocks(const Plan& approved, const Plan& now) {
    std::map<std::string_view, const Change*> before;
    for (const auto& change : approved.changes) before.emplace(change.address, &change);
    std::vector<DiffBlock> out;
    for (const auto* change : in_reading_order(now)) {
        const auto found = before.find(change->address);
        const Change* old = found == before.end() ? nullptr : found->second;
        if (old) before.erase(found);
        if (old && old->action == change->action && old->attributes == change->attributes) continue;
        DiffBlock block;
        block.action = change->action;
        const auto name = address(change->address);
        if (!old) {
            block = diff_block(*change);
            block.lines.insert(block.lines.begin(), "# not in the plan that was approved:");
        } else if (old->action != change->action) {
            block.lines.push_back("- " + name + "  " + what_happens(*old) + " (approved)");
            block.lines.push_back("+ " + name + "  " + what_happens(*change) + " (now)");
        } else {
            block.lines.push_back("! " + name + "  " + what_happens(*change) +
                                  ", but to other values than approved");
            std::map<std::string_view, const AttributeChange*> values;
            for (const auto& attribute : old->attributes)
                values.emplace(attribute.path, &attribute);
            std::vector<AttributeChange> differing;
            for (const auto& attribute : change->attributes) {
                AttributeChange both;
                both.path = attribute.path;
                both.after = attribute.after;
                if (auto at = values.find(attribute.path); at != values.end()) {
                    both.before = at->second->after;
                    values.erase(at);
                }
                if (!(both.before == both.after)) differing.push_back(std::move(both));
            }
            for (const auto& [path, attribute] : values) {
                AttributeChange gone;
                gone.path = attribute->path;
                gone.before = attribute->after;
                differing.push_back(std::move(gone));
            }
            add_attributes(block, differing, lines_a_block);
        }
        out.push_back(std::move(block));
    }
    for (const auto& change : approved.changes) {
        if (!before.contains(change.address)) continue;
        DiffBlock block;
        block.action = change.action;
        block.lines.push_back("- " + address(change.address) + "  " + what_happens(change) +
                              ": approved, but no longer in the plan");
        out.push_back(std::move(block));
    }
    return out;
}

}  // namespace slipway
