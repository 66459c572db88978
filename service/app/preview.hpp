// `slipway preview`: the whole pull-request pipeline on a working copy, without server or Redis.
// The same handlers as `serve`, over the queue in memory and the working-copy forge.
#pragma once
#include <string>
#include <vector>

#include "service/base/config.hpp"

namespace slipway {

struct PreviewOptions {
    std::string repository = ".";
    std::string base;  // "": the branch the working copy would be merged into
    std::string head;  // "": the working tree as it is
    std::string organisation;
    std::string name;                 // full name of the repository; "": found out from its origin
    std::vector<std::string> stacks;  // patterns; empty: all
    SandboxConfig sandbox;
    bool json = false;
};

// Prints the comment that would be posted. 0: could be merged, 1: a plan failed or a policy denies.
int preview(PreviewOptions options);

}  // namespace slipway
