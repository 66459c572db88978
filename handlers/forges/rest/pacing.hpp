// How fast a forge wants to be asked. Pure: time is an argument.
//
// Forges count calls and what is created, and ban those who go on while they are being limited. So
// calls are counted here, and after a limit nobody asks again before the forge's own time.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "handlers/forges/rest/reply.hpp"

namespace slipway::rest {

// The documented limits of one account, and what is kept of them for what decides; 0: no such
// limit.
struct Limits {
    int created_a_minute = 0, created_an_hour = 0;
    int points_a_minute = 0;  // a read costs one
    // What can wait leaves so much alone.
    int kept_of_minute = 0, kept_of_hour = 0;
    int points_of_write = 1;
};

struct Spacing {
    Limits limits;
    // A forge may lag behind its own webhook: a pull request that is not there is asked for again.
    std::vector<milliseconds> lag{milliseconds(1'000), milliseconds(2'000), milliseconds(4'000)};
};

enum class CallKind { reads, edits, creates };
// Everybody may take the last place; what can wait leaves some to the others.
enum class Need { decides, can_wait };

// The pace of one account. A quiet one may spend a whole minute's calls at once; in no minute and
// no hour are there more than the limits say. Times are those of a clock that nobody sets.
class Pace {
  public:
    explicit Pace(const Spacing& spacing) : limits_(spacing.limits) {}

    // How long until such a call may be made; zero: now.
    milliseconds wait_for(CallKind kind, Need need, std::int64_t now_ms) const;
    void made(CallKind kind, std::int64_t now_ms);

    void limited(milliseconds wait, std::int64_t now_ms);
    void told(const CallsLeft& limit, std::int64_t now_ms);
    void succeeded() { limits_in_a_row_ = 0; }
    int limits_in_a_row() const { return limits_in_a_row_; }
    // Zero: nobody holds us.
    milliseconds held(std::int64_t now_ms) const;

  private:
    struct Spent {
        std::int64_t at_ms = 0;
        int points = 0;
    };
    int points_of(CallKind kind) const;

    Limits limits_;
    std::deque<std::int64_t> created_;  // of the last hour, oldest first
    std::deque<Spent> spent_;           // of the last minute, likewise
    int points_ = 0;                    // their sum
    std::int64_t held_until_ms_ = 0;
    std::int64_t scarce_until_ms_ = 0;  // less than a fifth of the calls is left until then
    int limits_in_a_row_ = 0;
};

}  // namespace slipway::rest
