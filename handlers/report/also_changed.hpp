// Two pull requests that change one stack: each says so, and what they have in common. Private to
// this folder.
#pragma once
#include "handlers/report/report.hpp"

namespace slipway {

// Open pull requests with a plan of the same stacks, before the merge of this one.
Task<void> add_also_changed(ReportContext& context, Report& report);

}  // namespace slipway
