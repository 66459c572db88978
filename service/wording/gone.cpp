#include "service/wording/gone.hpp"

#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

std::string resources(int count) { return number_of(static_cast<std::size_t>(count), "resource"); }

bool is_orphaned(const GoneDirectory& gone) { return gone.on_delete == OnDelete::orphan; }

std::string still_manages(int count) {
    return count < 0 ? "may still manage resources" : "still manages " + resources(count);
}

std::string what_is_gone(const StackReport& stack, const Voice& voice) {
    const auto& gone = *stack.gone;
    if (!gone.there) return voice.code(gone.directory) + " no longer exists";
    return voice.code(stack.described_at.file) + " no longer describes stack " +
           voice.name(stack.stack.value);
}

// Where the stack's settings are changed.
std::string in_its_settings(const Report& report, const StackReport& stack, const Voice& voice) {
    const auto place = voice.place(stack.described_at);
    if (!stack.self_described)
        return "in " + (place.empty() ? "its settings" : place) + " of the organisation tree";
    return "in " + voice.code(stack.described_at.file) + " on " +
           voice.name(report.pull.base_branch);
}

std::string changing_it(const Report& report, const StackReport& stack, const Voice& voice) {
    const auto& gone = *stack.gone;
    const std::string restore = gone.there ? "Restore its entry" : "Restore it";
    if (gone.there || (stack.self_described && !gone.described)) return restore + ", or";
    const auto where = !stack.self_described ? in_its_settings(report, stack, voice)
                       : report.phase == PullPhase::merged
                           ? in_its_settings(report, stack, voice)
                           : "in " + voice.code(stack.described_at.file) + " here";
    return restore + "; change " + voice.code("directory") + " " + where + "; or";
}

std::string ways_on(const Report& report, const StackReport& stack, const Voice& voice) {
    const auto& gone = *stack.gone;
    const auto name = voice.name(stack.stack.value);
    if (report.phase == PullPhase::merged) {
        std::string out = "Nothing of " + name +
                          " was destroyed, and nothing looks after its resources now. To manage "
                          "them again, restore ";
        return out + (gone.there
                          ? "its entry."
                          : "the directory" +
                                (gone.described ? ", or change " + voice.code("directory") + " " +
                                                      in_its_settings(report, stack, voice)
                                                : std::string()) +
                                ".");
    }
    std::string out = "Nothing of " + name + " is planned or destroyed.";
    if (!gone.looks_like.empty())
        out += " Renamed? " + voice.code(gone.looks_like) + " looks like it.";
    out += " " + changing_it(report, stack, voice) + " set " + voice.code("delete: destroy") + " " +
           in_its_settings(report, stack, voice) + ", and " +
           (gone.resources > 0 ? "destroying the " + resources(gone.resources)
                               : std::string("destroying its resources")) +
           " is planned, or " + voice.code("delete: orphan") + ", and they stay unmanaged. Then: " +
           voice.command(report.command_word + " plan " + stack.stack.value) + ".";
    return out;
}

std::string orphaned(const StackReport& stack, const Voice& voice) {
    const auto& gone = *stack.gone;
    if (!is_orphaned(gone)) return {};
    return "Nothing of " + voice.name(stack.stack.value) + " is destroyed: its settings say " +
           voice.code("delete: orphan") + ".";
}

std::string renamed(const Report& report, const StackReport& stack, const Voice& voice) {
    auto out = voice.code(stack.renamed_from) + " was renamed to " + voice.code(stack.directory) +
               ", as far as git can tell, and " + voice.name(stack.stack.value) +
               " is planned there. Its settings still name the "
               "old directory: set " +
               voice.code("directory: " + stack.directory) + " ";
    if (!stack.self_described) return out + in_its_settings(report, stack, voice) + " as well.";
    const auto place = voice.place(stack.described_at);
    return out + "in " + place +
           (report.phase == PullPhase::merged ? " as well." : " in this pull request as well.");
}

}  // namespace

std::string gone_sentence(const StackReport& stack, const Voice& voice) {
    const auto& gone = *stack.gone;
    const auto name = gone.there ? std::string("it") : "stack " + voice.name(stack.stack.value);
    auto out = what_is_gone(stack, voice);
    if (is_orphaned(gone))
        return out + ", and " +
               (gone.resources < 0 ? "what " + name + " manages stays unmanaged"
                                   : "the " + resources(gone.resources) + " of " +
                                         (gone.there ? "it" : name) + " stay unmanaged");
    if (gone.resources == 0)
        return out + ", and " + name + " manages no resources, as its last run shows";
    return out + ", but " + name + " " + still_manages(gone.resources);
}

std::string gone_sentence(const std::vector<StackView>& gone, const Voice& voice) {
    if (gone.size() == 1) return gone_sentence(*gone.front().report, voice);
    int sum = 0;
    for (const auto& view : gone)
        sum = view->gone->resources < 0 || sum < 0 ? -1 : sum + view->gone->resources;
    return number_of(gone.size(), "stack") + " are gone, but " +
           (sum < 0 ? "may still manage resources" : "still manage " + resources(sum));
}

std::string gone_notices(const Report& report, const std::vector<StackView>& views,
                         const Voice& voice, std::size_t bytes) {
    std::size_t several = 0, left_out = 0;
    for (const auto& view : views)
        several += view.standing == Standing::gone || view.standing == Standing::orphaned;
    std::string out;
    for (const auto& view : views) {
        std::string text;
        if (view.standing == Standing::gone) text = ways_on(report, *view.report, voice);
        if (view.standing == Standing::orphaned) text = orphaned(*view.report, voice);
        if (!view->renamed_from.empty() && view->run) text = renamed(report, *view.report, voice);
        if (text.empty()) continue;
        if (several > 1 && view->gone && !view->run)
            text = voice.strong(gone_sentence(*view.report, voice)) + ". " + text;
        if (out.size() + text.size() > bytes)
            ++left_out;
        else
            add_paragraph(out, text);
    }
    if (left_out)
        add_paragraph(out, "Likewise " + number_of(left_out, "more stack") + "; each has a check.");
    return out;
}

}  // namespace slipway
