// The stacks, one a row. Those without changes are one line.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// What a row says of its stack; the same words in the table, the check's title and the terminal.
std::string policies_text(const StackReport& stack);
std::string missing_text(const StackView& view);
std::string plan_text(const StackReport& stack);
std::string standing_text(const Report& report,
                          const StackView& view);  // "planned in 6 s", "queued, second"

bool needs_attention(Standing);
// At most `bytes`; what is left out is counted. "" where there is nothing to show in rows.
std::string table(const Report& report, const std::vector<StackView>& views, std::size_t bytes);
// "3 stacks: no changes." and what is new since the plan before.
std::string beside_the_table(const Report& report, const std::vector<StackView>& views,
                             const Voice& voice, std::size_t bytes);

}  // namespace slipway
