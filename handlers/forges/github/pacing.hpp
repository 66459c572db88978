// How fast GitHub wants to be asked, and what its refusals mean. Pure: time is an argument.
//
// It allows about 80 created things and 900 points of other calls a minute (a write costs five),
// asks for a second between created things, and bans Apps that go on while they are being limited.
// So writes are spaced here, and after a limit nobody asks again before GitHub's own time.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/model/words.hpp"
#include "service/net/http_client.hpp"

namespace slipway::github {

using std::chrono::milliseconds;

enum class ReplyKind {
    success,
    moved,         // 301, 302, 307, 308
    unauthorised,  // 401: the token is worn out or wrong
    limited,       // primary or secondary rate limit, in any of their disguises
    forbidden,     // 403 otherwise: a permission is missing
    missing,       // 404, 410
    conflict,      // 409
    refused,       // 422 and the other 4xx: asking again cannot help
    broken,        // 5xx, and what is no answer at all
};
constexpr std::array<std::string_view, 9> words_of(ReplyKind) {
    return {"success", "moved",    "unauthorised", "limited", "forbidden",
            "missing", "conflict", "refused",      "broken"};
}

struct ReplyMeaning {
    ReplyKind kind = ReplyKind::success;
    milliseconds wait{0};  // of `limited`
};

// `limits_in_a_row`: how often we have been limited without a success since.
ReplyMeaning meaning_of(const HttpReply& reply, std::int64_t now_ms, int limits_in_a_row);
// Calls left before the primary limit; nullopt: it does not say.
std::optional<std::int64_t> calls_left(const HttpReply& reply);

struct Spacing {
    milliseconds between_created{1'000};
    milliseconds between_writes{340};
    // A forge may lag behind its own webhook: a pull request that is not there is asked for again.
    std::vector<milliseconds> lag{milliseconds(1'000), milliseconds(2'000), milliseconds(4'000)};
};

enum class WriteKind { creates, edits };

// The pace of one installation.
class Pace {
  public:
    explicit Pace(const Spacing& spacing) : spacing_(spacing) {}

    // Takes the next free place and says how long it is until then.
    milliseconds reserve(WriteKind kind, std::int64_t now_ms);
    void limited(milliseconds wait, std::int64_t now_ms);
    void succeeded() { limits_in_a_row_ = 0; }
    int limits_in_a_row() const { return limits_in_a_row_; }
    // Zero: nobody holds us.
    milliseconds held(std::int64_t now_ms) const;

  private:
    Spacing spacing_;
    std::int64_t next_created_ms_ = 0;
    std::int64_t next_write_ms_ = 0;
    std::int64_t held_until_ms_ = 0;
    int limits_in_a_row_ = 0;
};

}  // namespace slipway::github
