// Who says no, by which rule, and where it is written. The same sentence about several stacks is
// said once.
#include <algorithm>
#include <map>
#include <tuple>

#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

enum class Why { denied, unjudged, rejected };

struct Refusal {
    Why why;
    const Finding* finding;
    std::vector<const StackReport*> stacks;
};

class Collected {
  public:
    void add(Why why, const Finding& finding, const StackReport* stack) {
        const auto key =
            std::make_tuple(why, std::string_view(finding.policy), finding.place,
                            std::string_view(finding.resource), std::string_view(finding.message));
        const auto [at, fresh] = places_.try_emplace(key, refusals_.size());
        if (fresh) refusals_.push_back({why, &finding, {}});
        auto& stacks = refusals_[at->second].stacks;
        if (stacks.empty() || stacks.back() != stack) stacks.push_back(stack);
    }
    std::vector<Refusal> sorted() {
        std::stable_sort(refusals_.begin(), refusals_.end(),
                         [](const Refusal& a, const Refusal& b) { return a.why < b.why; });
        return std::move(refusals_);
    }

  private:
    std::vector<Refusal> refusals_;
    std::map<std::tuple<Why, std::string_view, Place, std::string_view, std::string_view>,
             std::size_t>
        places_;
};

std::vector<Refusal> collected(const std::vector<StackView>& views) {
    Collected out;
    for (const auto& view : views) {
        const auto* stack = view.report;
        const auto of = [&](const std::vector<Finding>& findings, Why denied) {
            for (const auto& finding : findings) {
                if (finding.severity == Finding::Severity::deny) out.add(denied, finding, stack);
                if (finding.severity == Finding::Severity::error)
                    out.add(Why::unjudged, finding, stack);
            }
        };
        of(stack->push.findings, Why::denied);
        if (stack->run) of(plan_of(*stack->run).decision.findings, Why::denied);
        if (view.standing != Standing::applied && view.standing != Standing::unchanged)
            of(stack->approval.findings, Why::rejected);
    }
    return out.sorted();
}

std::string_view opening(Why why) {
    switch (why) {
        case Why::denied:
            return "Denied";
        case Why::unjudged:
            return "Not judged";
        case Why::rejected:
            return "Rejected";
    }
    return "";
}

}  // namespace

std::string finding_text(const Finding& finding, const Voice& voice,
                         const std::vector<std::string>& hosts) {
    std::string out = finding.policy.empty() ? "a policy" : voice.name(finding.policy);
    const auto place = voice.place(finding.place);
    if (!place.empty()) out += " (" + place + ")";
    out += ": ";
    if (!finding.resource.empty() && finding.message.find(finding.resource) == std::string::npos)
        out += voice.code(finding.resource) + ": ";
    out += voice.said(finding.message);
    if (link_allowed(finding.docs, hosts)) out += " (" + voice.link("more", finding.docs) + ")";
    return out;
}

std::string Notices::refusals(std::size_t bytes) const {
    const auto all = collected(views);
    std::string out;
    std::size_t left_out = 0;
    for (const auto& refusal : all) {
        std::string line = voice.strong(opening(refusal.why));
        if (views.size() > 1) {
            std::vector<std::string> names;
            for (const auto* stack : refusal.stacks)
                names.push_back(voice.name(stack->stack.value));
            line += " in " + list_of(names);
        }
        line += " by " + finding_text(*refusal.finding, voice, report.link_hosts) + ".";
        if (out.size() + line.size() + 100 > bytes) {
            ++left_out;
            continue;
        }
        add_paragraph(out, line);
    }
    if (left_out)
        add_paragraph(out, voice.strong(number_of(left_out, "more refusal")) +
                               "; each stack's check names its own.");
    return out;
}

}  // namespace slipway
