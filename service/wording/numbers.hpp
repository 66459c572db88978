// One wording for one fact: counts, durations, places in a queue, lists of names.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/model/config_finding.hpp"
#include "service/model/run.hpp"

namespace slipway {

std::string duration_text(std::int64_t ms);  // "48 s", "2 min 5 s", "1 h 3 min"
std::string number_of(std::size_t count, std::string_view noun);  // "1 stack", "3 stacks"
std::string size_text(std::size_t bytes);                         // "812 bytes", "1.2 MB"
// "a", "a and b", "a, b and c"; beyond `at_most` "a, b and 7 more". The names are set already.
std::string list_of(const std::vector<std::string>& names, std::size_t at_most = 6);
// The clauses of a heading, "; " between them; an empty one adds nothing.
void append_clause(std::string& out, const std::string& clause);
// "behind #14, which waits for a confirmation"
std::string behind_text(const struct Ahead& ahead);
// The findings as lines, and what policies say is missing.
std::vector<std::string> lines_of(const std::vector<ConfigFinding>& findings);
std::vector<std::string> texts_of(const std::vector<MissingApproval>& missing);
std::string queue_place_text(int place);  // "next", "second", "11th"

PlanCounts& operator+=(PlanCounts& sum, const PlanCounts& more);

// When the run came into that state last; 0: it never was.
std::int64_t entered_at_ms(const Run& run, RunState state);
inline bool was_applying(const Run& run) { return entered_at_ms(run, RunState::applying) != 0; }
// From being taken up to its plan, and from its confirmation to its end.
std::int64_t planning_took_ms(const Run& run);
std::int64_t applying_took_ms(const Run& run);

}  // namespace slipway
