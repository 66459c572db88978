// What a forge's reply means: success, a limit and how long it lasts, or which kind of refusal.
// Pure: time is an argument.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "handlers/forges/rest/dialect.hpp"
#include "service/base/json.hpp"
#include "service/model/words.hpp"
#include "service/net/http_client.hpp"

namespace slipway::rest {

using std::chrono::milliseconds;

enum class ReplyKind {
    success,
    moved,         // 301, 302, 307, 308
    unauthorised,  // 401: the token is worn out or wrong
    limited,       // a rate limit, in any of its disguises
    forbidden,     // 403 otherwise: a permission is missing
    missing,       // 404, 410
    conflict,      // 409
    refused,       // 422 and the other 4xx: asking again cannot help
    broken,        // 5xx, and what is no answer at all
};
BOOST_DESCRIBE_ENUM(ReplyKind, success, moved, unauthorised, limited, forbidden, missing, conflict,
                    refused, broken)

struct ReplyMeaning {
    ReplyKind kind = ReplyKind::success;
    milliseconds wait{0};  // of `limited`
};

// `now_ms` counts where the reply does not say what time it is at the forge. `limits_in_a_row`: how
// often we have been limited without a success since.
ReplyMeaning meaning_of(const HttpReply& reply, const Dialect& dialect, std::int64_t now_ms,
                        int limits_in_a_row);

// What a reply says of how many calls are left, where it says so.
struct CallsLeft {
    std::int64_t limit = 0, left = 0;
    milliseconds until_reset{0};
};
std::optional<CallsLeft> calls_left(const HttpReply& reply, const Dialect& dialect,
                                    std::int64_t now_ms);

// By the forge's own clock, in milliseconds; nullopt: the reply does not show it.
std::optional<std::int64_t> time_there(const HttpReply& reply);

// The reply's JSON; Failure(later) where it is none.
Json json_of(const HttpReply& reply, const Dialect& dialect, const std::string& what);
// The forge's own words, on one line, shortened: for a Failure's sentence.
std::string message_of(const HttpReply& reply);

}  // namespace slipway::rest
