// Directories of stacks that are gone: what git takes for the renamed one, and what is known of the
// resources that nobody would look after any more. Nothing is ever destroyed because a directory is
// missing.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "handlers/webhooks/react.hpp"

namespace slipway {

// A directory that was, and where its files may be now.
struct RenameQuestion {
    std::string directory;
    std::vector<std::string> files;  // all that it held, as paths from the root
    const std::vector<ChangedFile>* changed = nullptr;
    std::set<std::string> taken;  // directories of other stacks: never the new one
    // Ids of the contents, "" where there is none; both by path from the root.
    std::function<std::string(const std::string&)> before, now;
};

struct Renamed {
    std::string to;  // "": not recognised
    std::string
        looks_like;  // what some of its files were renamed to; a hint for people and nothing else
};

// Recognised where git pairs more than half of its files with those of one directory, each under
// its old name, and no second directory holds the same contents: two stacks with equal files may
// have been renamed crosswise.
Renamed renamed_directory(const RenameQuestion& question);

}  // namespace slipway
