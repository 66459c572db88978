// Answers to commands: the eyes at once, one reply at most. Written here because only this folder
// writes to forges; keyed by the comment, so that a restart does not say it twice.
#include "handlers/report/reply.hpp"

#include <algorithm>

#include "queue/store.hpp"
#include "service/model/request.hpp"
#include "service/wording/report.hpp"

namespace slipway {
namespace {

// The same trees as in the checks and on the command line.
std::string trees_of(const Report& report, const std::vector<StackId>& wanted) {
    std::vector<const StackReport*> stacks;
    for (const auto& stack : report.stacks)
        if (std::find(wanted.begin(), wanted.end(), stack.stack) != wanted.end())
            stacks.push_back(&stack);
    return explanation_trees(stacks, budget_within(report.limits.comment_bytes));
}

}  // namespace

Task<void> write_reply(ReportContext& context, ClaimedJob job) {
    auto reply = job_payload<CommentReply>(job.job);
    auto& forge = *context.forges.at(reply.pull.repository.forge);
    if (!reply.explained.empty()) {
        auto report = co_await gather_report(context, reply.pull);
        if (report) reply.text = trees_of(*report, reply.explained);
    }
    if (reply.text.empty())
        co_await forge.acknowledge(reply.pull, reply.comment_id);
    else
        co_await forge.add_comment(reply.pull, reply_comment_key(reply.comment_id), reply.text);
}

Task<void> pass_merge_group(ReportContext& context, ClaimedJob job) {
    auto group = job_payload<MergeGroupCommit>(job.job);
    auto& forge = *context.forges.at(group.repository.forge);
    Check check;
    check.name = context.check_name;
    check.commit = group.head;
    check.status = CheckStatus::done;
    check.conclusion = Conclusion::passed;
    const auto text = merge_group_check();
    check.title = text.title;
    check.summary = text.summary;
    check.completed_at_ms = context.clock.now_ms();
    co_await forge.put_check(group.repository, "", std::move(check));
}

}  // namespace slipway
