#include "policies/engine/judged.hpp"

#include <algorithm>

#include "service/base/utf8.hpp"

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

namespace {

constexpr std::size_t paths_shown = 6;
constexpr std::size_t value_bytes = 60;

// A value where it is short, else how much there is.
std::string value_text(const Json& value) {
    const auto count = [](std::size_t size, const char* noun) {
        return std::to_string(size) + " " + noun + (size == 1 ? "" : "s");
    };
    if (value.is_array()) return count(value.items().size(), "item");
    if (value.is_object()) return count(value.members().size(), "member");
    auto text = value.dump();
    if (text.size() > value_bytes) text = std::string(utf8_prefix(text, value_bytes)) + "…";
    return text;
}

// Null where there is none.
const Json* value_at(const Json& whole, std::string_view path) {
    const Json* at = &whole;
    while (!path.empty()) {
        const auto dot = path.find('.');
        const auto name = path.substr(0, dot);
        if (!at->has(name)) return nullptr;
        at = &(*at)[name];
        path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
    }
    return at;
}

}  // namespace

std::map<std::string, std::vector<std::string>> reads_of(const PolicyAnswer& answer,
                                                         const RegoInput& asked) {
    constexpr std::string_view root = "input.", plan = "terraform.";
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& rule : answer.reads) {
        auto& texts = out[rule.rule];
        for (std::string_view path : rule.paths) {
            if (texts.size() == paths_shown) break;
            const auto rest = path.starts_with(root) ? path.substr(root.size()) : "";
            if (rest.empty()) continue;
            const auto* value = value_at(asked.input, rest);
            if (!value)
                value = value_at(asked.document,
                                 rest.starts_with(plan) ? rest.substr(plan.size()) : rest);
            texts.push_back(std::string(path) + " (" + (value ? value_text(*value) : "undefined") +
                            ")");
        }
    }
    return out;
}

void add_read(Explanation& node, const Judged& judged, std::string_view rule) {
    const auto found = judged.read.find(std::string(rule));
    if (found == judged.read.end() || found->second.empty()) return;
    std::string text;
    for (const auto& one : found->second) text += (text.empty() ? "" : ", ") + one;
    node.because.push_back({std::string(rule) + " reads " + text, "", {}});
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
