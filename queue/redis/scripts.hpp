// The Lua files of scripts/, embedded at build time (scripts/embed.cmake).
#pragma once
#include <string_view>

namespace slipway {

struct Script {
    std::string_view name;
    std::string_view sha1;  // of the text
    std::string_view text;
};

namespace scripts {
extern const Script accept, append_log, begin_apply, claim, commit, end_leases, expire, finish,
    leased, place, renew, retry, acknowledge_expired, status, time;
}

}  // namespace slipway
