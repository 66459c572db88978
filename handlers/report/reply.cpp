// Answers to commands: the eyes at once, one reply at most. Written here because only this folder writes to
// forges; keyed by the comment, so that a restart does not say it twice.
#include "handlers/report/reply.hpp"

#include "queue/store.hpp"
#include "service/model/request.hpp"

namespace slipway {

Task<void> write_reply(ReportContext& context, ClaimedJob job) {
    auto reply = job_payload<CommentReply>(job.job);
    auto& forge = *context.forges.at(reply.pull.repository.forge);
    if (reply.text.empty())
        co_await forge.acknowledge(reply.pull, reply.comment_id);
    else
        co_await forge.add_comment(reply.pull, "reply/" + reply.comment_id, reply.text);
}

}  // namespace slipway
