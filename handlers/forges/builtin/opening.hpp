// What a push to refs/for/<branch>/<topic> opens or moves, and why it may do neither.
#pragma once
#include <string>
#include <string_view>

#include "handlers/forges/builtin/pulls.hpp"

namespace slipway {

struct ForRef {
    std::string branch, topic;
};

// The branch is the longest existing one. Throws Failure(never) where there is none, or where the
// names are not fit.
ForRef split_for_ref(WrittenRepository& git, std::string_view ref);

// Throws Failure(never) where a pull request of that head would have no effect: the branch has its
// commits already, or an open one has it.
void check_opening(BuiltinPulls& pulls, const ForRef& where, const CommitSha& head);

BuiltinPulls::Opened open_from_ref(BuiltinPulls& pulls, const std::string& ref,
                                   const CommitSha& head, const Actor& who, std::int64_t now_ms);

// Refs below refs/for/ that a push made before the repository had its hooks: each becomes the pull
// request that it was meant to be, and is removed; one that cannot is left, and logged. Tells the
// service.
void adopt_literal_refs(const std::filesystem::path& repository, const std::string& forge,
                        std::int64_t now_ms);

}  // namespace slipway
