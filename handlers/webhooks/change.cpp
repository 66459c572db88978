#include "handlers/webhooks/change.hpp"

#include <set>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/gone.hpp"
#include "policies/kept_input.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

// Where a stack's directory is looked at: in the planned tree, or where it last was.
struct Candidate {
    const Stack* stack;
    std::optional<Stack> moved;  // the same with another directory
    std::optional<GoneDirectory> gone;
    std::string renamed_from;
    bool forced = false;  // concerned by a change of its description, whatever else changed
    Uses uses;

    const Stack& settings() const { return moved ? *moved : *stack; }
};

class Search {
  public:
    Search(const DescribedStacks& described, const ChangeQuestion& question,
           const std::vector<ChangedFile>& files)
        : described_(described), question_(question), git_(*question.repository), files_(files) {}

    // Blocking.
    std::vector<Candidate> all() const {
        std::vector<Candidate> out;
        for (const auto& stack : described_.stacks)
            if (auto one = candidate(stack)) out.push_back(std::move(*one));
        for (const auto& stack : described_.undescribed) {
            Candidate one{&stack, {}, gone(stack), "", true, {}};
            one.gone->described = false;
            one.gone->there = there(question_.planned, stack.directory);
            out.push_back(std::move(one));
        }
        return out;
    }

  private:
    bool there(const TreeId& tree, const std::string& directory) const {
        return git_.object_at(tree, directory).has_value();
    }

    std::optional<Candidate> candidate(const Stack& stack) const {
        Candidate out{&stack, {}, {}, "", described_.renamed.contains(stack.id), {}};
        if (there(question_.planned, stack.directory)) return out;
        if (auto named = described_.directories.find(stack.id);
            named != described_.directories.end() && there(question_.planned, named->second)) {
            out.moved = stack;
            out.moved->directory = named->second;
            return out;
        }
        // Missing before and now alike: not a matter of this change.
        if (!there(question_.before, stack.directory)) return std::nullopt;
        const auto found = renamed(stack);
        if (found.to.empty() || !there(question_.planned, found.to)) {
            out.gone = gone(stack);
            out.gone->looks_like = found.looks_like;
            return out;
        }
        out.moved = stack;
        out.moved->directory = found.to;
        out.renamed_from = stack.directory;
        return out;
    }

    static GoneDirectory gone(const Stack& stack) {
        GoneDirectory out;
        out.directory = stack.directory;
        out.on_delete = stack.on_delete;
        return out;
    }

    Renamed renamed(const Stack& stack) const {
        RenameQuestion asked;
        asked.directory = stack.directory;
        asked.files = git_.files(question_.from, stack.directory);
        asked.changed = &files_;
        for (const auto* some : {&described_.stacks, &described_.undescribed})
            for (const auto& other : *some)
                if (other.directory != stack.directory) asked.taken.insert(other.directory);
        asked.before = [this](const std::string& path) {
            return git_.object_at(question_.from, path).value_or("");
        };
        asked.now = [this](const std::string& path) {
            return git_.object_at(question_.planned, path).value_or("");
        };
        return renamed_directory(asked);
    }

    const DescribedStacks& described_;
    const ChangeQuestion& question_;
    const Repository& git_;
    const std::vector<ChangedFile>& files_;
};

Task<std::vector<Candidate>> with_uses(ReactContext& context, const DescribedStacks& described,
                                       const ChangeQuestion& question,
                                       const std::vector<ChangedFile>& files) {
    const Search search(described, question, files);
    auto find = [&] { return search.all(); };
    auto out = co_await context.pool.run(find);
    std::vector<std::string> here, before;
    for (const auto& candidate : out)
        (candidate.gone ? before : here).push_back(candidate.settings().directory);
    auto facts_here = co_await context.uses.read(question.repository, question.planned, here);
    auto facts_before = co_await context.uses.read(question.repository, question.before, before);
    std::size_t i = 0, j = 0;
    for (auto& candidate : out)
        candidate.uses = candidate.gone ? facts_before.at(j++).uses : facts_here.at(i++).uses;
    co_return out;
}

std::vector<std::string> both_sides(const std::vector<ChangedFile>& files) {
    std::set<std::string> out;
    for (const auto& file : files) {
        out.insert(file.path);
        if (!file.previous_path.empty()) out.insert(file.previous_path);
    }
    return {out.begin(), out.end()};
}

// In the order of the candidates, with the files that concern them; the others are left out.
std::vector<std::pair<const Candidate*, std::vector<std::string>>> concerns_of(
    const std::vector<Candidate>& candidates, const std::vector<std::string>& changed) {
    std::vector<StackWithUses> asked;
    for (const auto& candidate : candidates)
        asked.push_back({&candidate.settings(), &candidate.uses});
    const auto concerns = stacks_concerned(asked, changed);
    std::vector<std::pair<const Candidate*, std::vector<std::string>>> out;
    std::size_t next = 0;
    for (const auto& candidate : candidates) {
        if (next < concerns.size() && concerns[next].stack == &candidate.settings())
            out.emplace_back(&candidate, concerns[next++].because);
        else if (candidate.forced)
            out.emplace_back(&candidate, std::vector<std::string>{candidate.stack->place.file});
    }
    return out;
}

ConcernedStack concerned_by(const Candidate& candidate, std::vector<std::string> because) {
    ConcernedStack one;
    one.stack = candidate.settings();
    one.because = std::move(because);
    one.gone = candidate.gone;
    one.renamed_from = candidate.renamed_from;
    return one;
}

// Those that read outputs of a stack that will run, and those that read theirs. No push policy is
// asked: nobody pushed anything to them.
void add_dependents(std::vector<ConcernedStack>& concerned,
                    const std::vector<Candidate>& candidates) {
    std::set<StackId> known, running;
    for (const auto& one : concerned) {
        known.insert(one.stack.id);
        if (runs_after_push(one)) running.insert(one.stack.id);
    }
    for (bool more = true; more;) {
        more = false;
        for (const auto& candidate : candidates) {
            const auto& stack = candidate.settings();
            const auto& reads = stack.references;
            const bool waits = std::any_of(reads.begin(), reads.end(), [&](const auto& one) {
                return running.contains(one.stack);
            });
            if (candidate.gone || !waits || !known.insert(stack.id).second) continue;
            auto one = concerned_by(candidate, {});
            one.only_for_upstream = true;
            one.decision.action = PushAction::track;
            if (runs_after_push(one)) running.insert(stack.id);
            concerned.push_back(std::move(one));
            more = true;
        }
    }
}

// In one document, for a change may concern hundreds of stacks.
Task<void> keep(ReactContext& context, std::vector<KeptInput> kept,
                std::vector<ConcernedStack>& stacks) {
    if (!context.keep || kept.empty()) co_return;
    auto put = [&]() -> std::optional<BlobId> {
        auto text = kept_document(kept);
        if (!text) return std::nullopt;
        return context.keep(std::move(*text));
    };
    const auto input = co_await context.pool.run(put);
    if (!input) co_return;
    for (auto& stack : stacks) stack.decision.input = *input;
}

}  // namespace

bool runs_after_push(const ConcernedStack& concerned) {
    return concerned.decision.action == PushAction::track && !concerned.decision.failed &&
           concerned.stack.apply_when != ApplyWhen::never && !concerned.gone;
}

Task<std::vector<ConcernedStack>> decide_change(ReactContext& context,
                                                const DescribedStacks& described,
                                                ChangeQuestion question) {
    auto diff = [&] { return question.repository->changed_files(question.from, question.to); };
    auto files = co_await context.pool.run(diff);
    const auto changed = both_sides(files);
    auto candidates = co_await with_uses(context, described, question, files);
    const auto concerns = concerns_of(candidates, changed);

    std::vector<ConcernedStack> out;
    std::vector<KeptInput> kept;
    for (const auto& [candidate, because] : concerns) {
        auto one = concerned_by(*candidate, because);
        auto push = question.push;
        push.stack = one.stack;
        push.changed = changed;
        push.because = one.because;
        PolicySet set;
        set.policies = described.organisation->policies_for(one.stack, PolicyKind::push);
        set.library = described.organisation->policy_library;
        auto asked = kept_input(push);
        one.decision = co_await context.policies.decide_push(std::move(set), std::move(push));
        if (one.decision.action == PushAction::ignore && !one.decision.failed) continue;
        if (one.gone) one.gone->resources = co_await resources_of(context.queue, one.stack.id);
        decided(asked, one.decision);
        kept.push_back(std::move(asked));
        out.push_back(std::move(one));
    }
    co_await keep(context, std::move(kept), out);
    if (question.with_dependents) add_dependents(out, candidates);
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
