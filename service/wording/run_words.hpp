// Runs in words for the API and the command line: which are meant and which are listed, and what
// happened to one when.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/model/run.hpp"

namespace slipway::run_words {

// `typed` is repeated only where it is made of letters and digits.
std::string no_such_run(std::string_view typed);
std::string no_run_or_stack(std::string_view typed);
std::string no_such_kind();  // of policies
std::string nothing_kept(std::string_view kind);
std::string too_short(std::size_t at_least);
// `some`: the newest of the `count` runs that `typed` may mean.
std::string several(std::string_view typed, const std::vector<Run>& some, std::size_t count);

std::string no_such_state(const std::string& suggestion, const std::vector<std::string>& known);
std::string no_such_number();
// What the list was asked for; "" and nullopt: anything.
struct Asked {
    std::string stack, states;
    std::optional<int> pull;
};
std::string none_listed(const Asked& asked);

std::string no_such_pull(int number, const std::string& repository);
std::string pull_in_several(int number, const std::vector<std::string>& repositories);

// "2026-11-23 09:14:05  confirmed    confirmed by ada; approved by grace: as discussed"
std::string change_line(const StateChange& change);
std::string changes_omitted(int count);

}  // namespace slipway::run_words
