// The one short answer under a comment's command.
#pragma once
#include "handlers/report/report.hpp"

namespace slipway {

// The job reply/<forge>/<comment id>; payload: a CommentReply.
Task<void> write_reply(ReportContext& context, ClaimedJob job);

// The job pass/<repository>/<commit>; payload: a MergeGroupCommit.
Task<void> pass_merge_group(ReportContext& context, ClaimedJob job);

}  // namespace slipway
