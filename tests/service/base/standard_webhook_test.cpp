#include "service/base/standard_webhook.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace slipway;

namespace {

// Made by npm `standardwebhooks` 1.1 (its sign() takes a token, an id, a time and a body).
const Secret token("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
const StandardWebhook vector{
    "f5e5f430-f57b-4e6e-9fac-d9128cd7232f", "1700000000",
    "v1,JCCeO+s9M5JLQ2wOmuFZJBrvfV5NhVU7EyW/QfyH0jk=", R"({"object_kind":"push"})"};
const Secret other_token("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
constexpr std::int64_t at_ms = 1'700'000'000'000, minute_ms = 60'000;

StandardWebhookAnswer answer(const StandardWebhook& webhook, std::int64_t now_ms = at_ms) {
    return StandardWebhookCheck({token}).check(webhook, now_ms);
}
StandardWebhook with_signatures(std::string_view signatures) {
    auto out = vector;
    out.signatures = signatures;
    return out;
}

}  // namespace

TEST_CASE("A signature that another library made is right, and right for nothing else") {
    CHECK(answer(vector) == StandardWebhookAnswer::right);
    auto forged = vector;
    forged.body = R"({"object_kind":"pusH"})";
    CHECK(answer(forged) == StandardWebhookAnswer::wrong);
    forged = vector;
    forged.id = "f5e5f430-f57b-4e6e-9fac-d9128cd72320";
    CHECK(answer(forged) == StandardWebhookAnswer::wrong);
    forged = vector;
    forged.timestamp = "1700000001";
    CHECK(answer(forged) == StandardWebhookAnswer::wrong);
    CHECK(StandardWebhookCheck({other_token}).check(vector, at_ms) == StandardWebhookAnswer::wrong);
}

TEST_CASE("A time that is more than five minutes away is refused, either way") {
    CHECK(answer(vector, at_ms + 5 * minute_ms) == StandardWebhookAnswer::right);
    CHECK(answer(vector, at_ms - 5 * minute_ms) == StandardWebhookAnswer::right);
    CHECK(answer(vector, at_ms + 5 * minute_ms + 1'000) == StandardWebhookAnswer::out_of_time);
    CHECK(answer(vector, at_ms - 5 * minute_ms - 1'000) == StandardWebhookAnswer::out_of_time);
    for (const char* text : {"", "now", "-1700000000", "1700000000.0", "99999999999999999999"}) {
        auto odd = vector;
        odd.timestamp = text;
        CHECK(answer(odd) == StandardWebhookAnswer::wrong);
    }
}

TEST_CASE("During a rotation any right signature by any of our keys will do") {
    const std::string right(vector.signatures);
    CHECK(answer(with_signatures("v1,AAAA " + right)) == StandardWebhookAnswer::right);
    CHECK(answer(with_signatures(right + " v1a,AAAA")) == StandardWebhookAnswer::right);
    CHECK(StandardWebhookCheck({other_token, token}).check(vector, at_ms) ==
          StandardWebhookAnswer::right);
    for (const std::string& wrong :
         {std::string(), std::string("v1,"), right.substr(3), "v2," + right.substr(3),
          right.substr(0, right.size() - 1), right + "A", "v1, " + right.substr(3)})
        CHECK(answer(with_signatures(wrong)) == StandardWebhookAnswer::wrong);
}

TEST_CASE("A signing token is whsec_ and base64 of 24 to 64 bytes") {
    CHECK(standard_webhook_key(token)->reveal().size() == 32);
    for (const char* text : {"", "whsec_", "whsec_AAECAwQFBgc=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
                             "whsec_not base64 at all, is it?!!!!!!!"})
        CHECK_FALSE(standard_webhook_key(Secret(text)));
}
