// Fetching from a repository on our own disk, as the built-in forge and working copies are. One
// call of git writes what is missing as a pack beside those of the mirror, reading the other
// repository's objects as its alternates; of that repository git reads nothing else, so that
// neither its hooks nor its configuration count.
#pragma once
#include <chrono>
#include <filesystem>
#include <set>
#include <string>

#include "service/base/task.hpp"
#include "service/git/detail/fetch.hpp"

namespace slipway::git {

// `refs`: full names, set to what they are there; those that are gone there are removed. `commits`:
// ids; one that is not there is left out. Answers `fetched`, or `remote_trouble` or `unclear` with
// a sentence. Objects are trusted to be what their ids say: whoever reads them from the mirror
// checks that.
Task<FetchAnswer> fetch_local(Pool& pool, std::filesystem::path mirror, GitRemote remote,
                              std::set<std::string> refs, std::set<std::string> commits,
                              std::chrono::milliseconds limit);

}  // namespace slipway::git
