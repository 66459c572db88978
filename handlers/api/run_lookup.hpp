// Which run is meant: by its id, or by a beginning of it that no other run's id has. Private to
// this folder.
//
// Only a caller who was admitted comes here: whoever may not read runs must not find out by
// beginnings which there are.
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "handlers/api/access.hpp"
#include "queue/store.hpp"
#include "service/model/run.hpp"

namespace slipway {

inline constexpr std::size_t shortest_beginning = 4;

// Those of the ids that begin with what was typed, in their order; upper case is read as lower.
std::vector<std::string> ids_meant(std::string_view typed, const std::vector<std::string>& ids);

// The run, or the answer that says why there is none, or which there are.
using FoundRun = std::variant<Stored<Run>, HttpResponse>;
Task<FoundRun> find_run(ApiContext& context, std::string typed);

// How the run stands on its pull request.
struct StandingOnPull {
    ApprovalDecision approval;  // of now, or of when it was let apply
    bool outdated = false;
};
Task<StandingOnPull> standing_on_pull(ApiContext& context, Run run);

}  // namespace slipway
