// What engine and kinds hand each other: a policy with its answer, and the words that every kind's
// decision is put in. push.cpp, plan.cpp and approval.cpp are pure: answers in, decision out.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "policies/engine/rego_engine.hpp"
#include "policies/policies.hpp"

namespace slipway {

struct Judged {
    Policy policy;
    PolicyAnswer answer;
    bool untrusted = false;  // rule P2: heard only where it narrows
    // What each rule reads of the input: "input.cost.monthly (312)".
    std::map<std::string, std::vector<std::string>> read = {};

    bool says(std::string_view rule) const;               // a boolean rule is true
    const RuleValue* value(std::string_view rule) const;  // the first, nullptr where there is none
    std::vector<const RuleValue*> values(std::string_view rule) const;
    bool faulty() const { return !answer.faults.empty(); }
};

PushDecision decide(const PushQuestion& question, const std::vector<Judged>& judged);
PlanDecision decide(const PlanQuestion& question, const std::vector<Judged>& judged);
ApprovalDecision decide(const ApprovalQuestion& question, const std::vector<Judged>& judged);

// A message: a text, or an object with msg and any of rule, resource, severity, docs.
Finding finding_of(const Policy& policy, const RuleValue& value, Finding::Severity severity);
Finding finding_of(const Policy& policy, const PolicyFault& fault);
std::string message_of(const Json& value);
// What a policy's `flag` names is kept as a note of this rule, for `input.run.flags` of policies
// that are asked later. Messages cannot name this rule, and an untrusted policy flags nothing (rule
// P2): a flag may be what another policy approves by.
inline constexpr std::string_view flag_rule = "flag";
void add_flags(const Judged& judged, std::vector<Finding>& findings);

// Of the library, because nobody attached any: how it decides is told by its name.
inline bool is_default(const Policy& policy) { return policy.place.file.starts_with("library/"); }

// "backup.rego:12"; "" where the place is not known.
std::string place_text(const Place& place);
// "deny: a bucket without owner (tags.rego:9)".
std::string sentence_of(const Finding& finding);
// Why a policy could not be evaluated, as its node says it.
Explanation faulty_node(std::string text, const Judged& judged);

// What the rules of an answer read of the input, of each the first few.
std::map<std::string, std::vector<std::string>> reads_of(const PolicyAnswer& answer,
                                                         const RegoInput& asked);
// Below the node of a policy: what the rule that was decisive looked at.
void add_read(Explanation& node, const Judged& judged, std::string_view rule);

// Parts of input documents that several kinds share.
Json stack_input(const Stack& stack);
Json run_input(const Run& run, const Plan* plan);
Json plan_value(const Plan& plan);  // `input.plan`, the same for every tool
// `input.cost` and `input.third_party_metadata`; null estimate: nothing costs, or it is not priced.
Json cost_input(const Run& run, const CostEstimate* estimate);
Json third_party_metadata(const Run& run, const CostEstimate* estimate, std::int64_t now_ms);

}  // namespace slipway
