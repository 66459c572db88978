#include "service/wording/handed_over.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "service/model/unneeded.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

constexpr std::size_t outputs_named = 5;

// Outputs of the run that come from there, by the stack that has them.
std::map<std::string, std::vector<std::string>> outputs_from(const Run& run, OutputFrom from,
                                                             const Voice& voice) {
    std::map<std::string, std::vector<std::string>> out;
    if (!run.prepared) return out;
    for (const auto& one : run.prepared->outputs) {
        if (one.from != from) continue;
        auto& names = out[one.stack.value];
        auto name = voice.code(name_of(one.stack, one.output));
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(std::move(name));
    }
    return out;
}

std::string sentences(const std::map<std::string, std::vector<std::string>>& outputs,
                      const Voice& voice, std::string_view one, std::string_view many) {
    std::string out;
    for (const auto& [stack, names] : outputs)
        out += (out.empty() ? "" : " ") + list_of(names, outputs_named) +
               std::string(names.size() == 1 ? one : many) + voice.name(stack) + " applies.";
    return out;
}

std::string provisional_text(const StackView& view, const Voice& voice) {
    const auto& run = *view->run;
    const auto name = voice.name(view->stack.value);
    auto out = sentences(outputs_from(run, OutputFrom::unknown, voice), voice, " is known after ",
                         " are known after ");
    if (out.empty()) return out;
    if (run.state == RunState::failed)
        return out + " The plan of " + name + " failed with a placeholder in its place.";
    out += " The plan of " + name +
           " is provisional: it was made with a placeholder, and an approval of it does not count "
           "for the apply.";
    return out + (run.settings.apply_when == ApplyWhen::before_merge
                      ? ""
                      : " It is planned again with the real value, and that plan waits for a "
                        "person.");
}

std::string may_change_text(const StackView& view, const Voice& voice) {
    const auto out = sentences(outputs_from(*view->run, OutputFrom::before, voice), voice,
                               " may change when ", " may change when ");
    if (out.empty()) return out;
    return out + " " + voice.name(view->stack.value) +
           " was planned with the present value; with another one it is planned again and waits "
           "for a person.";
}

}  // namespace

bool is_provisional(const Run& run) {
    if (!run.prepared) return false;
    const auto& given = run.prepared->outputs;
    return std::any_of(given.begin(), given.end(),
                       [](const GivenOutput& one) { return one.from == OutputFrom::unknown; });
}

std::vector<std::string> followers(const std::vector<StackView>& views, const Voice& voice) {
    std::set<RunId> held;
    for (const auto& view : views)
        if (view.standing == Standing::unconfirmed || view.standing == Standing::locked)
            held.insert(view->run->id);
    std::vector<std::string> out;
    for (bool more = true; more;) {
        more = false;
        for (const auto& view : views) {
            if (view.standing != Standing::queued || held.contains(view->run->id)) continue;
            const auto& needs = view->run->waits_for;
            if (std::none_of(needs.begin(), needs.end(),
                             [&](const RunId& id) { return held.contains(id); }))
                continue;
            held.insert(view->run->id);
            out.push_back(voice.name(view->stack.value));
            more = true;
        }
    }
    return out;
}

std::string outputs_notices(const std::vector<StackView>& views, const Voice& voice,
                            std::size_t bytes) {
    std::string out;
    for (const auto& view : views) {
        if (!view->run) continue;
        std::string text;
        if (was_unneeded(*view->run))
            text = voice.name(view->stack.value) +
                   " was skipped: " + voice.said(reason_text(view->run->reason)) + ".";
        else if (view->run->plan || view->run->state == RunState::failed)
            text = provisional_text(view, voice);
        if (text.empty() && view->run->plan) text = may_change_text(view, voice);
        if (out.size() + text.size() <= bytes) add_paragraph(out, text);
    }
    return out;
}

}  // namespace slipway
