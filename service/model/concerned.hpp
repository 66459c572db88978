// Which stacks does a change concern? Pure; see P14 for its speed.
#pragma once
#include <string>
#include <vector>

#include "service/model/stack.hpp"

namespace slipway {

// What a stack's directory uses outside itself, as the configuration reader found it.
struct Uses {
    std::vector<std::string> paths;  // directories or files, relative to the repository's root
    bool unknown = false;            // an expression could not be followed: any file may matter
    static void fields(auto& self, auto&& f) {
        f("paths", self.paths);
        f("unknown", self.unknown);
    }
};

struct StackWithUses {
    const Stack* stack = nullptr;
    const Uses* uses = nullptr;  // may be null: only directory and globs count
};

struct Concern {
    const Stack* stack = nullptr;
    std::vector<std::string> because;  // the changed files that concern it, at most ten
};

// Changed paths: both sides of a rename. In the order of `stacks`.
std::vector<Concern> stacks_concerned(const std::vector<StackWithUses>& stacks,
                                      const std::vector<std::string>& changed);

}  // namespace slipway
