#include "handlers/webhooks/change.hpp"

#include <set>

#include "service/base/digest.hpp"

namespace slipway {

namespace {

// Where a stack's directory is looked at: in the planned tree, or where it last was.
struct Candidate {
    const Stack* stack;
    bool gone = false;
    Uses uses;
};

Task<std::vector<Candidate>> with_uses(ReactContext& context, const std::vector<Stack>& stacks,
                                       const ChangeQuestion& question) {
    std::vector<Candidate> out;
    std::vector<std::string> here, before;
    auto find_gone = [&] {
        std::vector<Candidate> all;
        for (const auto& stack : stacks) {
            bool there = question.repository->object_at(question.planned, stack.directory).has_value();
            bool was = there || question.repository->object_at(question.before, stack.directory);
            if (there || was) all.push_back({&stack, !there, {}});
        }
        return all;
    };
    out = co_await context.pool.run(find_gone);
    for (const auto& candidate : out)
        (candidate.gone ? before : here).push_back(candidate.stack->directory);
    auto facts_here = co_await context.uses.read(question.repository, question.planned, here);
    auto facts_before = co_await context.uses.read(question.repository, question.before, before);
    std::size_t i = 0, j = 0;
    for (auto& candidate : out)
        candidate.uses = candidate.gone ? facts_before.at(j++).uses : facts_here.at(i++).uses;
    co_return out;
}

}  // namespace

Task<std::vector<ConcernedStack>> decide_change(ReactContext& context, const DescribedStacks& described,
                                                ChangeQuestion question) {
    auto diff = [&] { return question.repository->changed_files(question.from, question.to); };
    auto files = co_await context.pool.run(diff);
    std::set<std::string> both_sides;
    for (const auto& file : files) {
        both_sides.insert(file.path);
        if (!file.previous_path.empty()) both_sides.insert(file.previous_path);
    }
    std::vector<std::string> changed(both_sides.begin(), both_sides.end());

    auto candidates = co_await with_uses(context, described.stacks, question);
    std::vector<StackWithUses> asked;
    for (const auto& candidate : candidates) asked.push_back({candidate.stack, &candidate.uses});
    auto concerns = stacks_concerned(asked, changed);

    std::vector<ConcernedStack> out;
    for (const auto& concern : concerns) {
        ConcernedStack one;
        one.stack = *concern.stack;
        one.because = concern.because;
        for (const auto& candidate : candidates)
            if (candidate.stack == concern.stack) one.destroy = candidate.gone;
        auto push = question.push;
        push.stack = one.stack;
        push.changed = changed;
        push.because = one.because;
        PolicySet set;
        set.policies = described.organisation->policies_for(one.stack, PolicyKind::push);
        set.library = described.organisation->policy_library;
        one.decision = co_await context.policies.decide_push(std::move(set), std::move(push));
        if (one.decision.action != PushAction::ignore || one.decision.failed)
            out.push_back(std::move(one));
    }
    co_return out;
}

RunId run_id(RunKind kind, const RepositoryName& repository, std::optional<int> pull,
             const CommitSha& head, const CommitSha& base, const StackId& stack, int attempt) {
    std::string text;
    for (const std::string& part :
         {std::string(word(kind)), repository.text(), pull ? std::to_string(*pull) : std::string(),
          head.value, base.value, stack.value, std::to_string(attempt)})
        text += std::to_string(part.size()) + ":" + part;
    return RunId(sha256_hex(text).substr(0, 20));
}

}  // namespace slipway
