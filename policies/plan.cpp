// Plan policies: may this plan go on? One denial denies, one policy that could not be evaluated
// blocks.
#include "policies/engine/judged.hpp"

#include <algorithm>
#include <set>

namespace slipway {

namespace {

// `deny`, conftest's `violation`, and both with a suffix.
bool denies(std::string_view rule) {
    return rule.starts_with("deny") || rule.starts_with("violation");
}
bool warns(std::string_view rule) { return rule.starts_with("warn"); }

std::vector<Finding> findings_of(const Judged& judged) {
    std::vector<Finding> findings;
    for (const auto& fault : judged.answer.faults)
        findings.push_back(finding_of(judged.policy, fault));
    for (const auto& value : judged.answer.values) {
        if (!denies(value.rule) && !warns(value.rule)) continue;
        auto severity = denies(value.rule) ? Finding::Severity::deny : Finding::Severity::warn;
        if (value.excepted) severity = Finding::Severity::note;
        Finding finding = finding_of(judged.policy, value, severity);
        if (value.excepted) finding.message = "excepted: " + finding.message;
        findings.push_back(std::move(finding));
    }
    add_flags(judged, findings);
    return findings;
}

Verdict verdict_of(const std::vector<Finding>& findings) {
    Verdict verdict = Verdict::passed;
    for (const auto& finding : findings) {
        Verdict one = Verdict::passed;
        switch (finding.severity) {
            case Finding::Severity::error:
                one = Verdict::error;
                break;
            case Finding::Severity::deny:
                one = Verdict::denied;
                break;
            case Finding::Severity::warn:
                one = Verdict::warned;
                break;
            case Finding::Severity::note:
                break;
        }
        verdict = std::max(verdict, one);  // enumerated in this order
    }
    return verdict;
}

std::string counted(const std::vector<Finding>& findings) {
    constexpr std::array<std::pair<Finding::Severity, std::string_view>, 4> kinds{
        {{Finding::Severity::error, "error"},
         {Finding::Severity::deny, "denial"},
         {Finding::Severity::warn, "warning"},
         {Finding::Severity::note, "note"}}};
    std::string text;
    for (const auto& [severity, name] : kinds) {
        const auto count = std::ranges::count(findings, severity, &Finding::severity);
        if (count == 0) continue;
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(name) +
                (count > 1 ? "s" : "");
    }
    return text;
}

Explanation node_of(const Judged& judged, const std::vector<Finding>& findings) {
    Explanation node{"plan policy " + judged.policy.name, "passed", {}};
    if (findings.size() == 1) {
        node.outcome = sentence_of(findings.front());
    } else if (!findings.empty()) {
        node.outcome = counted(findings);
        for (const auto& finding : findings) node.because.push_back({sentence_of(finding), "", {}});
    }
    std::set<std::string> fired;
    for (const auto& value : judged.answer.values)
        if (denies(value.rule) || warns(value.rule)) fired.insert(value.rule);
    for (const auto& rule : fired) add_read(node, judged, rule);
    return node;
}

}  // namespace

// `terraform`, the documented part of the plan document, is put in by whoever has that document:
// the engine gets it beside the input, so that a large plan is read once.
Json plan_input(const PlanQuestion& question) {
    Json spacelift = Json::object();
    Json run = run_input(question.run, &question.plan);
    spacelift.set("commit", run["commit"]);
    spacelift.set("request", Json::object({{"timestamp_ns", question.now_ms * 1'000'000}}));
    spacelift.set("run", std::move(run));
    spacelift.set("stack", stack_input(question.stack));
    Json out = Json::object();
    out.set("spacelift", std::move(spacelift));
    out.set("cost", cost_input(question.run, question.estimate.get()));
    out.set("third_party_metadata",
            third_party_metadata(question.run, question.estimate.get(), question.now_ms));
    for (const char* other : {"terragrunt", "pulumi", "cloudformation", "kubernetes", "ansible"})
        out.set(other, nullptr);
    out.set("plan", plan_value(question.plan));
    return out;
}

PlanDecision decide(const PlanQuestion&, const std::vector<Judged>& judged) {
    PlanDecision decision;
    decision.why.text = "plan policies";
    for (const auto& one : judged) {
        const auto findings = findings_of(one);
        decision.why.because.push_back(node_of(one, findings));
        decision.findings.insert(decision.findings.end(), findings.begin(), findings.end());
    }
    decision.verdict = verdict_of(decision.findings);
    decision.why.outcome = judged.empty() ? "passed (no plan policy is attached)"
                                          : std::string(word(decision.verdict));
    return decision;
}

}  // namespace slipway
