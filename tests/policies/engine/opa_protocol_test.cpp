// The golden exchange that slipway-opa's own tests answer: our questions are those of the fixture,
// and its answers are understood.
#include "policies/engine/opa_protocol.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace slipway {
namespace {

Json golden() {
    std::ifstream in(SLIPWAY_SOURCE_DIR "/tests/fixtures/opa_protocol/exchange.json");
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    auto json = parse_json(text);
    REQUIRE(json);
    return *json;
}

// The frames of a question as JSON values.
Json frames_of(const std::string& bytes) {
    Json frames = Json::array();
    for (std::size_t at = 0; at < bytes.size();) {
        const auto length = opa_frame_length(std::string_view(bytes).substr(at, 4));
        auto frame = parse_json(std::string_view(bytes).substr(at + 4, length));
        REQUIRE(frame);
        frames.push(*frame);
        at += 4 + length;
    }
    return frames;
}

RegoSet set_of(const Json& head) {
    RegoSet set;
    set.digest = head["set"].text();
    for (const auto& policy : head["policies"].items()) {
        Policy one;
        one.kind = *parse_word<PolicyKind>(policy["kind"].text());
        one.place.file = policy["path"].text();
        one.text = policy["text"].text();
        set.policies.push_back(one);
    }
    for (const auto& [path, text] : head["library"].members()) set.library[path] = text.text();
    return set;
}

TEST_CASE("a load question is the golden one, and its answer is understood") {
    const Json exchange = golden()[1];
    const auto bytes = opa_frames(load_question(set_of(exchange["frames"][0])), 2);
    REQUIRE(bytes);
    CHECK(frames_of(*bytes).dump() == exchange["frames"].dump());
    CHECK(wants_document(exchange["answer"]));
    const auto faults = faults_of(exchange["answer"]["policies"][2]["errors"]);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].kind == PolicyFault::Kind::load);
    CHECK(faults[0].place == Place{"policies/plan/broken.rego", 2, 15});
}

TEST_CASE("an evaluate question is the golden one, and its answer is understood") {
    const Json exchange = golden()[2];
    RegoInput input;
    input.input = exchange["frames"][1];
    input.document = exchange["frames"][2];
    input.limit = std::chrono::seconds(45);
    input.at_ms = 1763975640000;
    const auto bytes =
        opa_frames(evaluate_question(set_of(golden()[1]["frames"][0]), input, true), 3);
    REQUIRE(bytes);
    CHECK(frames_of(*bytes).dump() == exchange["frames"].dump());

    const auto answers = answers_of(exchange["answer"]);
    REQUIRE(answers.size() == 3);
    REQUIRE(answers[0].values.size() == 1);
    CHECK(answers[0].values[0].rule == "deny");
    CHECK(answers[0].values[0].place == Place{"policies/plan/tags.rego", 4, 1});
    CHECK(answers[0].values[0].value["resource"].text() == "a.b");
    REQUIRE(answers[0].faults.size() == 1);
    CHECK(answers[0].faults[0].kind == PolicyFault::Kind::type);
    CHECK(answers[1].values[0].excepted);
    CHECK(golden()[0]["answer"]["unknown_set"].bool_or(false));
}

TEST_CASE("a plan document that nobody reads whole travels in its documented part") {
    RegoInput input;
    input.input = Json::object();
    input.document = Json::object({{"format_version", "1.2"},
                                   {"resource_changes", Json::array()},
                                   {"prior_state", Json::object()},
                                   {"terraform_version", "1.11.4"}});
    const auto question = evaluate_question({}, input, false);
    REQUIRE(question.attached.size() == 2);
    CHECK(question.attached[1] == R"({"resource_changes":[],"terraform_version":"1.11.4"})");
    input.document = Json::object();
    CHECK(evaluate_question({}, input, false).attached[1] == "{}");
}

TEST_CASE("a test question is the golden one") {
    const Json exchange = golden()[3];
    std::map<std::string, std::string> files;
    for (const auto& [path, text] : exchange["frames"][0]["files"].members())
        files[path] = text.text();
    const auto bytes = opa_frames(test_question(files, false, std::chrono::seconds(30)), 4);
    REQUIRE(bytes);
    CHECK(frames_of(*bytes).dump() == exchange["frames"].dump());
}

TEST_CASE("a question over the limit is refused before it is sent") {
    OpaQuestion question;
    question.head = Json::object();
    question.attached.push_back(std::string(opa_question_limit_bytes, ' '));
    const auto bytes = opa_frames(question, 1);
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().message == "the policies and their input have 64 MB, over the limit of 64");
}

}  // namespace
}  // namespace slipway
