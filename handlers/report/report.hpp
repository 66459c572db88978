// The only writer to forges. At most one report job per pull request waits; it renders the state of
// the moment it runs in, and writes only what differs from what stands there.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "queue/queue.hpp"
#include "service/base/clock.hpp"
#include "service/blobs/plans.hpp"
#include "service/model/pull_record.hpp"
#include "service/wording/report.hpp"

namespace slipway {

struct ReportContext {
    Queue& queue;
    Plans& plans;
    Forges& forges;
    const Clock& clock;
    std::string check_name;
    std::string public_url;
    std::string command_word;
    std::vector<std::string> link_hosts;
};

// Reads the pull request's record and runs, and makes the Report value. nullopt: nothing is known
// of it.
Task<std::optional<Report>> gather_report(ReportContext& context, PullRequestName pull);

// The job report/<pull>; payload: a PullRequestName.
Task<void> write_report(ReportContext& context, ClaimedJob job);

}  // namespace slipway
