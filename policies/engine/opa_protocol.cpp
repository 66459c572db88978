#include "policies/engine/opa_protocol.hpp"

namespace slipway {

namespace {

std::string length_of(std::size_t size) {
    std::string head(4, '\0');
    for (int i = 0; i < 4; ++i) head[i] = static_cast<char>(size >> (8 * (3 - i)));
    return head;
}

Json texts(const std::map<std::string, std::string>& files) {
    Json::Object out;
    for (const auto& [path, text] : files) out.emplace_back(path, Json(text));
    return Json(std::move(out));
}

Place place_of(const Json& at) {
    return {at["file"].text(), static_cast<int>(at["line"].int_or(0)),
            static_cast<int>(at["column"].int_or(0))};
}

// The members of a plan document that the documented input has under `terraform`, written without a
// copy.
std::string documented_part(const Json& document) {
    std::string text = "{";
    for (const char* name : {"resource_changes", "terraform_version"})
        if (document.has(name)) {
            if (text.size() > 1) text += ',';
            text += quoted(name) + ":" + document[name].dump();
        }
    return text + "}";
}

}  // namespace

OpaQuestion load_question(const RegoSet& set) {
    Json policies = Json::array();
    for (const auto& policy : set.policies)
        policies.push(Json::object({{"id", policy.place.file},
                                    {"kind", word(policy.kind)},
                                    {"path", policy.place.file},
                                    {"text", policy.text}}));
    OpaQuestion question;
    question.head = Json::object({{"op", "load"},
                                  {"set", set.digest},
                                  {"policies", std::move(policies)},
                                  {"library", texts(set.library)}});
    return question;
}

OpaQuestion evaluate_question(const RegoSet& set, const RegoInput& input, bool with_document) {
    OpaQuestion question;
    question.head = Json::object({{"op", "evaluate"},
                                  {"set", set.digest},
                                  {"deadline_ms", static_cast<std::int64_t>(input.limit.count())},
                                  {"time_ns", input.at_ms * 1'000'000}});
    Json attached = Json::array();
    attached.push("input");
    question.attached.push_back(input.input.dump());
    if (!input.document.is_null()) {
        attached.push("document");
        question.attached.push_back(with_document ? input.document.dump()
                                                  : documented_part(input.document));
    }
    question.head.set("attached", std::move(attached));
    return question;
}

OpaQuestion test_question(const std::map<std::string, std::string>& files, bool coverage,
                          std::chrono::milliseconds limit) {
    OpaQuestion question;
    question.head = Json::object({{"op", "test"},
                                  {"files", texts(files)},
                                  {"coverage", coverage},
                                  {"deadline_ms", static_cast<std::int64_t>(limit.count())}});
    return question;
}

Result<std::string> opa_frames(const OpaQuestion& question, std::int64_t id) {
    Json head = Json::object({{"id", id}});
    for (const auto& [name, value] : question.head.members()) head.set(name, value);
    const std::string first = head.dump();
    std::size_t size = first.size() + 4;
    for (const auto& frame : question.attached) size += frame.size() + 4;
    if (size > opa_question_limit_bytes)
        return Error{"the policies and their input have " + std::to_string(size >> 20) +
                     " MB, over the limit of " + std::to_string(opa_question_limit_bytes >> 20)};
    std::string bytes;
    bytes.reserve(size);
    bytes += length_of(first.size()) + first;
    for (const auto& frame : question.attached) {
        bytes += length_of(frame.size());
        bytes += frame;
    }
    return bytes;
}

std::size_t opa_frame_length(std::string_view four_bytes) {
    std::size_t length = 0;
    for (const char c : four_bytes) length = length << 8 | static_cast<unsigned char>(c);
    return length;
}

std::vector<PolicyFault> faults_of(const Json& errors) {
    std::vector<PolicyFault> faults;
    for (const auto& error : errors.items()) {
        const auto kind = parse_word<PolicyFault::Kind>(error["kind"].string_or(""));
        faults.push_back(
            {kind.value_or(PolicyFault::Kind::engine), place_of(error), error["message"].text()});
    }
    return faults;
}

std::vector<PolicyAnswer> answers_of(const Json& answer) {
    std::vector<PolicyAnswer> answers;
    for (const auto& result : answer["results"].items()) {
        PolicyAnswer one;
        for (const auto& value : result["values"].items())
            one.values.push_back({value["rule"].text(), place_of(value), value["value"],
                                  value["excepted"].bool_or(false)});
        one.faults = faults_of(result["errors"]);
        for (const auto& rule : result["reads"].items()) {
            RuleReads reads{rule["rule"].text(), place_of(rule), {}};
            for (const auto& path : rule["paths"].items()) reads.paths.push_back(path.text());
            one.reads.push_back(std::move(reads));
        }
        answers.push_back(std::move(one));
    }
    return answers;
}

bool wants_document(const Json& load_answer) {
    for (const auto& policy : load_answer["policies"].items())
        if (policy["dialect"].string_or("") == "conftest") return true;
    return false;
}

}  // namespace slipway
