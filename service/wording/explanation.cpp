// The explanation of a stack: what was asked, what it said, why, and what would change it. The
// same tree stands in the check and answers `slipway explain` wherever that is asked.
#include <algorithm>

#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/base/utf8.hpp"
#include "service/wording/gone.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/standing.hpp"

namespace slipway {

namespace {

constexpr int depth_shown = 8;
constexpr std::size_t lines_shown = 400;
constexpr std::size_t line_bytes = 400;

std::string_view outcome(Standing standing) {
    switch (standing) {
        case Standing::unknown:
            return "its end was not seen";
        case Standing::apply_failed:
            return "apply failed";
        case Standing::plan_failed:
            return "plan failed";
        case Standing::denied:
            return "denied";
        case Standing::unjudged:
            return "not judged";
        case Standing::rejected:
            return "rejected";
        case Standing::unknown_provider:
            return "waits for an administrator";
        case Standing::gone:
            return "gone, and nothing is planned";
        case Standing::not_planned:
            return "not planned";
        case Standing::ended:
            return "ended early";
        case Standing::unconfirmed:
        case Standing::locked:
        case Standing::unapproved:
            return "waits";
        case Standing::ready:
            return "nothing is missing";
        case Standing::applying:
            return "is being applied";
        case Standing::considering:
            return "approvals are being looked at";
        case Standing::planning:
            return "is being planned";
        case Standing::queued:
            return "queued";
        case Standing::applied:
            return "applied";
        case Standing::orphaned:
            return "gone, and what it managed stays";
        case Standing::unchanged:
            return "no changes";
        case Standing::on_request:
            return "planned when somebody asks";
        case Standing::untouched:
            return "nothing was applied";
    }
    return "";
}

class Tree {
  public:
    explicit Tree(std::size_t budget) : budget_(budget) {}
    void node(const Explanation& node, const std::string& lead, bool last, int depth) {
        if (lines_ >= lines_shown || out.size() > budget_) {
            ++left_out_;
            return;
        }
        ++lines_;
        std::string line = node.text;
        if (!node.outcome.empty()) line += " → " + node.outcome;
        line = one_line(line);
        if (line.size() > line_bytes) line = std::string(utf8_prefix(line, line_bytes)) + "…";
        out += lead + (last ? "└─ " : "├─ ") + line + "\n";
        if (depth >= depth_shown) return;
        children(node.because, lead + (last ? "   " : "│  "), depth + 1);
    }
    void children(const std::vector<Explanation>& nodes, const std::string& lead, int depth) {
        for (std::size_t i = 0; i < nodes.size(); ++i)
            node(nodes[i], lead, i + 1 == nodes.size(), depth);
    }
    void finish() {
        if (left_out_ > 0) out += "… and " + number_of(left_out_, "more line") + "\n";
    }
    std::string out;

  private:
    std::size_t budget_;
    std::size_t lines_ = 0, left_out_ = 0;
};

// "plan policies" only holds the policies together: each of them has a line that says as much.
void add(std::vector<Explanation>& out, const Explanation& why) {
    if (!why.because.empty())
        out.insert(out.end(), why.because.begin(), why.because.end());
    else if (!why.text.empty())
        out.push_back(why);
}

// Who let it apply, or ended it, and what they said.
void add_people(std::vector<Explanation>& out, const Run& run) {
    for (const auto& change : run.history) {
        if (change.by.empty() || change.by == "slipway") continue;
        const bool ended = change.state == RunState::canceled ||
                           change.state == RunState::discarded || change.state == RunState::stopped;
        const bool confirmed =
            change.state == RunState::confirmed && change.by == confirmed_by(run);
        if (!ended && !confirmed) continue;
        out.push_back({(ended ? std::string(word(change.state)) : "confirmed") + " by " +
                           change.by + " at " + utc_minutes(change.at_ms),
                       change.note,
                       {}});
    }
}

// Of a run that others go before.
std::string in_turn(const StackReport& stack) {
    if (stack.outdated) return "its settings or policies changed since: it is planned again";
    if (!stack.run || stack.run->state != RunState::queued) return "";
    if (stack.ahead) return "queued " + behind_text(*stack.ahead);
    std::vector<std::string> upstream;
    for (const auto& id : stack.run->waits_for) upstream.emplace_back(shortened(id.value, 8));
    return upstream.empty() ? "" : "waits for the runs " + list_of(upstream);
}

std::string unlocking_note(const StackId& stack) {
    return "slipway unlock " + stack.value + " lifts the lock";
}

}  // namespace

Explained explained(const StackReport& stack) {
    Report alone;
    if (stack.run && stack.run->kind == RunKind::tracked) alone.phase = PullPhase::merged;
    std::vector<Explanation> roots;
    add(roots, stack.push.why);
    if (!stack.not_planned.empty())
        roots.push_back({"not planned", not_planned_text(stack.not_planned), {}});
    if (stack.gone)
        roots.push_back({"delete: " + std::string(word(stack.gone->on_delete)),
                         gone_sentence(stack, Voice(Medium::terminal)),
                         {}});
    if (!stack.renamed_from.empty())
        roots.push_back({"renamed", stack.renamed_from + " is now " + stack.directory, {}});
    if (stack.run) {
        const auto& run = *stack.run;
        const bool failed = run.state == RunState::failed && plan_of(run).decision.findings.empty();
        if (failed)
            roots.push_back({was_applying(run) ? "apply" : "plan",
                             run.reason.empty() ? "failed" : reason_text(run),
                             {}});
        add(roots, plan_of(run).decision.why);
        add(roots, stack.approval.why);
        if (run.state == RunState::unconfirmed && !run.reason.empty() &&
            run.reason.cause != Cause::locked)
            roots.push_back({"waits for confirmation", reason_text(run), {}});
        add_people(roots, run);
    }
    const StackView view{&stack, standing_of(alone, stack)};
    if (const auto lock = lock_ahead(view); !lock.empty())
        roots.push_back({reason_text(lock), unlocking_note(stack.stack), {}});
    if (const auto queued = in_turn(stack); !queued.empty()) roots.push_back({queued, "", {}});
    Explained out;
    out.stack = stack.stack;
    out.outcome = outcome(view.standing);
    out.tree = std::move(roots);
    out.remedies = remedies_of(stack);
    return out;
}

std::string explanation_text(const Explained& explained, std::size_t budget) {
    auto nodes = explained.tree;
    if (!explained.remedies.empty()) {
        Explanation changes{"what would change it", "", {}};
        for (const auto& remedy : explained.remedies)
            changes.because.push_back({remedy_text(remedy), "", {}});
        nodes.push_back(std::move(changes));
    }
    Tree tree(budget);
    tree.out = one_line(explained.stack.value) + ": " + explained.outcome + "\n";
    tree.children(nodes, "", 0);
    tree.finish();
    return tree.out;
}

std::string explanation_tree(const StackReport& stack, std::size_t budget) {
    return explanation_text(explained(stack), budget);
}

Json explained_json(const Explained& explained) {
    Json remedies = Json::array();
    for (const auto& remedy : explained.remedies) {
        auto one = encode(remedy);
        one.set("text", remedy_text(remedy));
        remedies.push(std::move(one));
    }
    return Json::object({{"outcome", explained.outcome},
                         {"tree", encode(explained.tree)},
                         {"would_change", std::move(remedies)}});
}

std::string explanation_trees(const std::vector<const StackReport*>& stacks, std::size_t budget) {
    std::string out;
    for (const auto* stack : stacks) {
        const auto tree = explanation_tree(*stack, budget / 6 * 5);
        if (out.size() + tree.size() > budget) {
            out += "… the others stand in their stacks' checks\n";
            break;
        }
        out += (out.empty() ? "" : "\n") + tree;
    }
    return out.empty() ? out : fenced(out, "text");
}

}  // namespace slipway
