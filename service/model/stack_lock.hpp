// A lock that somebody put on a stack: while it holds, nothing of the stack is applied; plans are
// made as usual. Kept under lock/<stack>, and kept as one that holds no more when it is lifted.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/model/id.hpp"
#include "service/model/reason.hpp"
#include "service/model/user.hpp"

namespace slipway {

struct StackLock {
    StackId stack;
    SpaceId space;  // of the stack, when it was locked
    Actor holder;
    std::string note;  // foreign text: whoever shows it makes it inert
    std::int64_t since_ms = 0;
    std::int64_t expires_at_ms = 0;  // 0: it was lifted, or there never was one

    bool operator==(const StackLock&) const = default;
    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("space", self.space);
        f("holder", self.holder);
        f("note", self.note);
        f("since_ms", self.since_ms);
        f("expires_at_ms", self.expires_at_ms);
    }
};

inline constexpr std::int64_t lock_usual_ms = 24LL * 3600 * 1000;
inline constexpr std::int64_t lock_longest_ms = 30 * lock_usual_ms;
inline constexpr std::size_t lock_note_limit = 1'000;  // bytes

// An expired lock is none.
inline bool holds(const StackLock& lock, std::int64_t now_ms) {
    return now_ms < lock.expires_at_ms;
}
// Why an apply waits for it; empty: it does not.
Reason why_locked(const StackLock& lock, std::int64_t now_ms);

// "90s", "30m", "4h" or "2d", from a second to lock_longest_ms; nullopt: it is none of these.
std::optional<std::int64_t> parse_lock_duration(std::string_view text);

}  // namespace slipway
