// The plan documents of runs: stored with the places of their resources, and shown to plan
// policies.
#include "handlers/runs/control/transition.hpp"

namespace slipway {

namespace {

PolicySet policies_of(const Organisation& organisation, const Stack& stack, PolicyKind kind) {
    PolicySet set;
    set.policies = organisation.policies_for(stack, kind);
    set.library = organisation.policy_library;
    return set;
}

// Where resources are declared, for annotations on the changed lines.
Task<void> add_places(ControlContext& context, const Run& run, Plan& plan) {
    auto repository = context.mirrors.open(run.repository.text());
    std::vector<std::string> directories{run.settings.directory};
    auto facts = co_await context.uses.read(repository, run.tree, directories);
    std::map<std::string_view, const Place*> places;
    for (const auto& [address, place] : facts.at(0).declarations.resources)
        places.emplace(address, &place);
    for (auto& change : plan.changes) {
        auto plain = change.address.substr(0, change.address.find('['));
        auto at = places.find(plain);
        if (at == places.end()) continue;
        change.file = at->second->file;
        change.line = at->second->line;
    }
}

}  // namespace

Task<PlanDecision> decide_plan(ControlContext& context, const Run& run, Plan plan,
                               PlanEvidence evidence) {
    PlanQuestion question;
    question.plan = std::move(plan);
    question.document = std::move(evidence.document);
    question.estimate = std::move(evidence.estimate);
    question.stack = run.settings;
    question.run = run;
    question.now_ms = context.clock.now_ms();
    auto organisation = context.organisation();
    auto set = policies_of(*organisation, run.settings, PolicyKind::plan);
    auto asked = kept_input(question);
    auto out = co_await context.policies.decide_plan(std::move(set), std::move(question));
    decided(asked, out);
    out.input = co_await keep_input(context, std::move(asked));
    co_return out;
}

Task<BlobId> store_plan(ControlContext& context, RunId id, Plan plan) {
    const auto run = co_await load<Run>(context.queue, run_key(id));
    if (run.version) co_await add_places(context, run.value, plan);
    auto put = [&] { return context.plans.put(std::move(plan)); };
    co_return co_await context.pool.run(put);
}

}  // namespace slipway
