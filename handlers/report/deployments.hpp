// Which applies of a report the forge is to show as deployments, where it does not show them so
// yet. Pure.
#pragma once
#include <string>
#include <vector>

#include "service/model/pull_record.hpp"
#include "service/wording/report.hpp"

namespace slipway {

std::vector<Deployment> deployments_due(const Report& report, const PostedRecord& posted);

// Those of runs that the report shows no more are nobody's business.
void forget_other_deployments(PostedRecord& posted, const Report& report);

}  // namespace slipway
