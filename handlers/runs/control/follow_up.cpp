// After an apply that nobody can vouch for, a plan from the branch's tip shows what is left.
#include "handlers/runs/control/transition.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

// The commit that the branch has now. A destroy is planned of what was there before, and a run of
// before the merge of its pull request's merge result: both keep their tree.
Task<void> move_to_tip(ControlContext& context, Run& run) {
    if (run.destroy || run.before_merge) co_return;
    const auto branch = run.settings.branch;
    const auto repository = co_await fetch_branch(context, run, branch);
    auto move = [&] {
        const auto tip = repository->branch_tip(branch);
        if (!tip || *tip == run.head) return;
        run.base = run.head;
        run.head = *tip;
        run.tree = repository->tree_of(*tip);
    };
    co_await context.pool.run(move);
}

}  // namespace

Task<Run> make_follow_up(ControlContext& context, Run run) {
    Run out;
    static_cast<RunRequest&>(out) = run;
    out.waits_for.clear();
    out.dependents.clear();
    out.only_for_upstream = false;
    out.renamed_from.clear();
    out.id = RunId("f" + sha256_hex("follow-up\n" + run.id.value).substr(0, 19));
    out.kind = RunKind::tracked;
    out.retry_of = run.id;
    out.must_confirm.cause = Cause::unseen_before;
    begin_history(out, context.clock.now_ms(), "slipway");
    co_await move_to_tip(context, out);
    co_return out;
}

}  // namespace slipway
