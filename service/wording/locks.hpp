// What is said of locked stacks: on a pull request, in answers and in a terminal. A lock's note is
// foreign text.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// Of a lock that expires then: the minute in which it is over.
std::string lock_end_text(std::int64_t expires_at_ms);
// "ada until 2026-11-29 18:00 UTC: migration tonight", plain text.
std::string lock_text(const StackLock& lock);

// The lock that stands in the way of what the stack has ahead of it; empty: none.
Reason lock_ahead(const StackView& view);
// A paragraph for each lock, with the command that lifts it.
std::string lock_notices(const Report& report, const std::vector<StackView>& views,
                         const Voice& voice, std::size_t bytes);

}  // namespace slipway
