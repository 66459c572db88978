#include "handlers/webhooks/asked.hpp"

#include <algorithm>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/branch.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

// All that was read.
struct AskedLook {
    StoredRun run;
    std::int64_t now_ms = 0;
    std::string trouble;  // why it cannot be planned; "": it can
    CommitSha tip;
    TreeId tree;
    Stack settings;
};

// Why it cannot be planned there; "": `look` says what to plan. Blocking.
std::string plan_at(const DescribedTip& tip, AskedLook& look) {
    const auto& id = look.run.value.stack;
    if (!tip.described.findings.empty())
        return answers::stacks_unreadable(tip.described.findings.front().text());
    const auto& stacks = tip.described.stacks;
    const auto found = std::ranges::find(stacks, id, [](const Stack& stack) { return stack.id; });
    if (found == stacks.end()) return answers::not_described(id);
    // Whether somebody may was asked of the space that was known.
    if (found->space != look.run.value.settings.space) return answers::moved_to_another_space(id);
    if (!tip.branch.repository->object_at(tip.branch.tree, found->directory))
        return answers::directory_gone(id);
    look.settings = *found;
    look.tip = tip.branch.commit;
    look.tree = tip.branch.tree;
    return "";
}

Task<void> read_branch(ReactContext& context, AskedLook& look) {
    const auto& run = look.run.value;
    auto& forge = *context.forges.at(run.repository.forge);
    try {
        auto tip = co_await read_tip(context, forge, run.repository, run.settings.branch);
        if (!tip) {
            look.trouble = answers::branch_gone();
            co_return;
        }
        auto find = [&] { return plan_at(*tip, look); };
        look.trouble = co_await context.pool.run(find);
    } catch (const Failure& failure) {
        if (failure.retry() != Retry::never) throw;
        look.trouble = failure.what();
    }
}

Commit decide_asked(AskedLook look, Mode mode) {
    Commit commit;
    auto& run = look.run.value;
    if (!look.trouble.empty()) {
        run.reason = {Cause::not_prepared, "", look.trouble};
        run.error = look.trouble;
        advance(run, RunEvent::failed, look.now_ms, "slipway", look.trouble);
        store_run(commit, look.run);
        return commit;
    }
    run.settings = std::move(look.settings);
    if (mode == Mode::observe) run.settings.mode = Mode::observe;
    run.head = run.base = look.tip;
    run.tree = look.tree;
    begin_asked_run(commit, look.run);
    return commit;
}

}  // namespace

Task<void> begin_asked(ReactContext& context, RunId id, Lease holding) {
    AskedLook look;
    look.run = co_await load<Run>(context.queue, run_key(id));
    const auto& run = look.run.value;
    if (!look.run.version || run.state != RunState::queued || !run.head.value.empty()) co_return;
    look.now_ms = context.clock.now_ms();
    co_await read_branch(context, look);
    auto commit = decide_asked(std::move(look), context.mode);
    commit.holding = holding;
    commit.finish = true;
    const auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

}  // namespace slipway
