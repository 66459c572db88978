// How fast GitHub wants to be asked, and what its refusals mean. Pure: time is an argument.
//
// It allows about 80 created things a minute and 500 an hour, 900 points of calls a minute, and 5
// 000 calls an hour or more (its headers say how many are left); it bans Apps that go on while they
// are being limited. So calls are counted here, and after a limit nobody asks again before GitHub's
// own time.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
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

// `now_ms`: as for primary_limit(). `limits_in_a_row`: how often we have been limited without a
// success since.
ReplyMeaning meaning_of(const HttpReply& reply, std::int64_t now_ms, int limits_in_a_row);
// The documented limits of one account, and what is kept of them for what decides.
struct Limits {
    int created_a_minute = 80, created_an_hour = 500;
    int points_a_minute = 900;  // a read costs one, a write five
    // What can wait leaves so much alone: a quarter of a minute's, a fifth of an hour's.
    int kept_of_minute = 20, kept_of_hour = 100;
};

struct Spacing {
    Limits limits;
    // A forge may lag behind its own webhook: a pull request that is not there is asked for again.
    std::vector<milliseconds> lag{milliseconds(1'000), milliseconds(2'000), milliseconds(4'000)};
};

enum class CallKind { reads, edits, creates };
// Everybody may take the last place; what can wait leaves some to the others.
enum class Need { decides, can_wait };

// What a reply says of the primary limit, where it says so.
struct PrimaryLimit {
    std::int64_t limit = 0, left = 0;
    milliseconds until_reset{0};
};
// `now_ms` counts where the reply does not say what time it is at GitHub.
std::optional<PrimaryLimit> primary_limit(const HttpReply& reply, std::int64_t now_ms);

// The pace of one account. A quiet one may spend a whole minute's calls at once; in no minute and
// no hour are there more than the limits say. Times are those of a clock that nobody sets.
class Pace {
  public:
    explicit Pace(const Spacing& spacing) : limits_(spacing.limits) {}

    // How long until such a call may be made; zero: now.
    milliseconds wait_for(CallKind kind, Need need, std::int64_t now_ms) const;
    void made(CallKind kind, std::int64_t now_ms);

    void limited(milliseconds wait, std::int64_t now_ms);
    void told(const PrimaryLimit& limit, std::int64_t now_ms);
    void succeeded() { limits_in_a_row_ = 0; }
    int limits_in_a_row() const { return limits_in_a_row_; }
    // Zero: nobody holds us.
    milliseconds held(std::int64_t now_ms) const;

  private:
    struct Spent {
        std::int64_t at_ms = 0;
        int points = 0;
    };
    Limits limits_;
    std::deque<std::int64_t> created_;  // of the last hour, oldest first
    std::deque<Spent> spent_;           // of the last minute, likewise
    int points_ = 0;                    // their sum
    std::int64_t held_until_ms_ = 0;
    std::int64_t scarce_until_ms_ = 0;  // less than a fifth of the hour's calls is left until then
    int limits_in_a_row_ = 0;
};

}  // namespace slipway::github
