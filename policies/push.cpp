// Push policies: what follows from a change for one stack. `ignore` wins over all; `track` over
// `propose`; where no rule says anything, nothing follows.
#include "policies/engine/judged.hpp"

namespace slipway {

namespace {

Json strings(const std::vector<std::string>& list) {
    Json::Array out;
    for (const auto& one : list) out.emplace_back(one);
    return Json(std::move(out));
}

Json pull_input(const PushQuestion& question) {
    const PullRequest& pull = *question.pull;
    Json out = Json::object({{"id", pull.name.number},
                             {"action", question.action},
                             {"action_initiator", question.author},
                             {"author", pull.author.login},
                             {"title", pull.title},
                             {"labels", strings(pull.labels)},
                             {"draft", pull.draft},
                             {"closed", pull.state != PullState::open},
                             {"merged", pull.state == PullState::merged},
                             {"fork", pull.fork},
                             {"url", pull.url}});
    out.set("diff", strings(question.changed));
    // Of a fork we know that it is one, not whose.
    if (const auto& path = pull.name.repository.path; !pull.fork)
        out.set("head_owner", path.substr(0, path.rfind('/')));
    out.set("base", Json::object({{"branch", pull.base_branch}, {"hash", pull.base.value}}));
    out.set("head", Json::object({{"branch", pull.head_branch},
                                  {"hash", pull.head.value},
                                  {"affected_files", strings(question.changed)}}));
    out.set("comment", "");
    return out;
}

struct PushFlags {
    bool ignore = false, track = false, ignore_track = false, propose = false, notrigger = false;

    PushAction action() const {
        if (ignore) return PushAction::ignore;
        if (track && !ignore_track && !notrigger) return PushAction::track;
        if (propose) return PushAction::propose;
        return PushAction::ignore;
    }
};

PushFlags push_flags_of(const Judged& judged) {
    PushFlags flags;
    flags.ignore = judged.says("ignore");
    flags.ignore_track = judged.says("ignore_track");
    flags.notrigger = judged.says("notrigger");
    flags.track = !judged.untrusted && judged.says("track");
    flags.propose = !judged.untrusted && judged.says("propose");
    return flags;
}

std::string joined(const std::vector<std::string>& list, std::string_view between) {
    std::string text;
    for (const auto& one : list) {
        if (!text.empty()) text += between;
        text += one;
    }
    return text;
}

Explanation node_of(const Judged& judged, const PushFlags& flags, const PushQuestion& question) {
    Explanation node{"push policy " + judged.policy.name, "", {}};
    if (judged.faulty()) return faulty_node(node.text, judged);
    const PushAction action = flags.action();
    node.outcome = word(action);
    std::string decisive = std::string(word(action));
    if (flags.track && !flags.ignore && flags.notrigger) decisive = "notrigger";
    if (flags.track && !flags.ignore && flags.ignore_track) decisive = "ignore_track";
    std::vector<std::string> details;
    if (const auto* value = judged.value(decisive); value && !is_default(judged.policy))
        details.push_back(place_text(value->place));
    if (!judged.value(decisive) && action == PushAction::ignore)
        details.push_back("no rule asks for a run");
    if (action != PushAction::ignore && !question.because.empty())
        details.push_back("changed: " + joined(question.because, ", "));
    if (!details.empty()) node.outcome += " (" + joined(details, "; ") + ")";
    if (!is_default(judged.policy)) add_read(node, judged, decisive);
    return node;
}

// Rules of Spacelift that ask for what Slipway does not do: said, not swallowed.
constexpr std::array<std::string_view, 8> without_effect{
    "cancel", "prioritize",          "allow_fork",     "lock",
    "unlock", "external_dependency", "module_version", "reset_flag"};

void add_unheeded(const Judged& judged, std::vector<Finding>& findings) {
    for (const auto rule : without_effect) {
        const auto* value = judged.value(rule);
        if (!value || (value->value.is_bool() && !value->value.bool_or(false))) continue;
        Finding finding = finding_of(judged.policy, *value, Finding::Severity::note);
        finding.message = std::string(rule) + " has no effect here";
        findings.push_back(std::move(finding));
    }
}

// The texts of `message`: why nothing runs, where the policy calls that a failure.
void add_messages(const Judged& judged, std::vector<Finding>& findings) {
    const bool fails = judged.says("fail");
    const auto severity = fails ? Finding::Severity::deny : Finding::Severity::note;
    const auto messages = judged.values("message");
    for (const auto* message : messages)
        findings.push_back(finding_of(judged.policy, *message, severity));
    if (!fails || !messages.empty()) return;
    Finding finding = finding_of(judged.policy, *judged.value("fail"), severity);
    finding.message = "the push policy refuses this change";
    findings.push_back(std::move(finding));
}

}  // namespace

Json push_input(const PushQuestion& question) {
    Json out = Json::object();
    out.set("push", Json::object({{"affected_files", strings(question.changed)},
                                  {"author", question.author},
                                  {"branch", question.branch},
                                  {"created_at", question.now_ms * 1'000'000},
                                  {"hash", question.head.value},
                                  {"message", question.message},
                                  {"tag", ""}}));
    out.set("pull_request", question.pull ? pull_input(question) : Json());
    out.set("in_progress", Json::array());
    out.set("stack", stack_input(question.stack));
    // What concerns the stack: its directory, its globs, and what it uses elsewhere.
    out.set("concern", Json::object({{"files", strings(question.because)}}));
    return out;
}

PushDecision decide(const PushQuestion& question, const std::vector<Judged>& judged) {
    PushDecision decision;
    PushFlags merged;
    decision.why.text = "push policies";
    for (const auto& one : judged) {
        const PushFlags flags = push_flags_of(one);
        merged.ignore |= flags.ignore;
        merged.track |= flags.track;
        merged.ignore_track |= flags.ignore_track;
        merged.propose |= flags.propose;
        merged.notrigger |= flags.notrigger;
        decision.failed |= one.faulty();
        for (const auto& fault : one.answer.faults)
            decision.findings.push_back(finding_of(one.policy, fault));
        add_unheeded(one, decision.findings);
        add_flags(one, decision.findings);
        decision.why.because.push_back(node_of(one, flags, question));
    }
    decision.action = decision.failed ? PushAction::ignore : merged.action();
    if (decision.action == PushAction::ignore)
        for (const auto& one : judged) add_messages(one, decision.findings);
    decision.why.outcome = decision.failed ? "error" : std::string(word(decision.action));
    return decision;
}

}  // namespace slipway
