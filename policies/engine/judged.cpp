#include "policies/engine/judged.hpp"

#include <algorithm>

namespace slipway {

const RuleValue* Judged::value(std::string_view rule) const {
    const auto at = std::ranges::find(answer.values, rule, &RuleValue::rule);
    return at == answer.values.end() ? nullptr : &*at;
}

bool Judged::says(std::string_view rule) const {
    const auto* found = value(rule);
    return found && found->value.bool_or(false);
}

std::vector<const RuleValue*> Judged::values(std::string_view rule) const {
    std::vector<const RuleValue*> found;
    for (const auto& one : answer.values)
        if (one.rule == rule) found.push_back(&one);
    return found;
}

std::string message_of(const Json& value) {
    return value.is_object() ? value["msg"].text() : value.text();
}

Finding finding_of(const Policy& policy, const RuleValue& value, Finding::Severity severity) {
    Finding finding;
    finding.severity = severity;
    finding.policy = policy.name;
    finding.rule = value.rule;
    finding.place = value.place;
    finding.message = message_of(value.value);
    if (!value.value.is_object()) return finding;
    finding.resource = value.value["resource"].text();
    finding.docs = value.value["docs"].text();
    if (const auto& named = value.value["rule"]; named.is_string() && named.text() != flag_rule)
        finding.rule = named.text();
    // A policy may make a warning milder, never a denial.
    if (severity == Finding::Severity::warn && value.value["severity"].string_or("") == "note")
        finding.severity = Finding::Severity::note;
    return finding;
}

void add_flags(const Judged& judged, std::vector<Finding>& findings) {
    if (judged.untrusted) return;
    for (const auto* value : judged.values(flag_rule))
        findings.push_back(finding_of(judged.policy, *value, Finding::Severity::note));
}

Finding finding_of(const Policy& policy, const PolicyFault& fault) {
    Finding finding;
    finding.severity = Finding::Severity::error;
    finding.policy = policy.name;
    finding.rule = word(fault.kind);
    finding.place = fault.place;
    if (finding.place.file.empty()) finding.place = {policy.place.file, 1, 1};
    finding.message = fault.message;
    return finding;
}

std::string place_text(const Place& place) {
    const auto name = place.file.substr(place.file.rfind('/') + 1);
    return name.empty() || place.line == 0 ? name : name + ":" + std::to_string(place.line);
}

std::string sentence_of(const Finding& finding) {
    std::string text = std::string(word(finding.severity)) + ": " + finding.message;
    const auto at = place_text(finding.place);
    return at.empty() ? text : text + " (" + at + ")";
}

Explanation faulty_node(std::string text, const Judged& judged) {
    Explanation node{std::move(text), "", {}};
    std::vector<std::string> sentences;
    for (const auto& fault : judged.answer.faults)
        sentences.push_back(sentence_of(finding_of(judged.policy, fault)));
    if (sentences.size() == 1) {
        node.outcome = sentences.front();
        return node;
    }
    node.outcome = std::to_string(sentences.size()) + " errors";
    for (auto& sentence : sentences) node.because.push_back({std::move(sentence), "", {}});
    return node;
}

}  // namespace slipway
