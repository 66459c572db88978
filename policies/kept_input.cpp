#include "policies/kept_input.hpp"

#include "service/base/codec.hpp"

namespace slipway {

namespace {

KeptInput kept(PolicyKind kind, const Stack& stack, std::int64_t now_ms, Json input) {
    KeptInput out;
    out.kind = kind;
    out.at_ms = now_ms;
    out.stack = stack;
    out.stack.variables.clear();
    out.input = std::move(input);
    return out;
}

void note(KeptInput& kept, std::string_view outcome, const std::string& policy_set) {
    kept.outcome = outcome;
    kept.policy_set = policy_set;
}

}  // namespace

KeptInput kept_input(const PushQuestion& question) {
    auto out = kept(PolicyKind::push, question.stack, question.now_ms, push_input(question));
    out.because = question.because;
    return out;
}

KeptInput kept_input(const PlanQuestion& question) {
    auto out = kept(PolicyKind::plan, question.stack, question.now_ms, plan_input(question));
    out.document = question.document;
    return out;
}

KeptInput kept_input(const ApprovalQuestion& question) {
    auto out =
        kept(PolicyKind::approval, question.stack, question.now_ms, approval_input(question));
    out.reviews = question.reviews;
    out.older = question.older;
    return out;
}

void decided(KeptInput& kept, const PushDecision& decision) {
    note(kept, decision.failed ? "error" : word(decision.action), decision.policy_set);
}

void decided(KeptInput& kept, const PlanDecision& decision) {
    note(kept, word(decision.verdict), decision.policy_set);
}

void decided(KeptInput& kept, const ApprovalDecision& decision) {
    note(kept, word(decision.approval), decision.policy_set);
}

std::optional<std::string> kept_document(const std::vector<KeptInput>& inputs) {
    auto text = Json::object({{"inputs", encode(inputs)}}).dump();
    if (text.size() > kept_input_limit) return std::nullopt;
    return text;
}

std::optional<Json> find_kept(std::string_view document, const StackId& stack) {
    const auto all = parse_json(document);
    if (!all) return std::nullopt;
    for (const auto& one : (*all)["inputs"].items())
        if (one["stack"]["id"].string_or("") == stack.value) return one;
    return std::nullopt;
}

Result<KeptInput> read_kept(std::string_view text) {
    auto json = parse_json(text);
    if (!json) return json.error();
    if (!json->has("kind") || !(*json)["input"].is_object()) return Error{"no kept input"};
    return decode<KeptInput>(*json);
}

}  // namespace slipway
