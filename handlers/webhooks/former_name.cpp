#include "handlers/webhooks/former_name.hpp"

#include <algorithm>
#include <set>

#include "handlers/webhooks/catch_up.hpp"
#include "handlers/webhooks/described.hpp"
#include "queue/store.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

// The named repositories of the same forge; empty where the tree names this very one, as it does
// for nearly every event: that is looked for first, since nothing has to be copied for it.
std::set<RepositoryName> candidates(const Organisation& organisation,
                                    const RepositoryName& repository) {
    std::set<RepositoryName> named;
    if (std::ranges::find(organisation.stacks, repository, &Stack::repository) !=
        organisation.stacks.end())
        return named;
    for (const auto& stack : organisation.stacks)
        if (stack.repository.forge == repository.forge) named.insert(stack.repository);
    return named;
}

}  // namespace

RepositoryName* repository_of(Event& event) {
    struct Find {
        RepositoryName* operator()(PullRequestChanged& e) { return &e.pull.repository; }
        RepositoryName* operator()(CommentCreated& e) { return &e.pull.repository; }
        RepositoryName* operator()(ReviewChanged& e) { return &e.pull.repository; }
        RepositoryName* operator()(BranchPushed& e) { return &e.repository; }
        RepositoryName* operator()(CheckRerequested& e) { return &e.repository; }
        RepositoryName* operator()(ChecksLost& e) { return &e.repository; }
        RepositoryName* operator()(MergeGroupRequested& e) { return &e.repository; }
        RepositoryName* operator()(InstallationChanged&) { return nullptr; }
        RepositoryName* operator()(RepositoryRenamed&) { return nullptr; }
    };
    return std::visit(Find{}, event);
}

Task<void> restore_former_name(ReactContext& context, const Delivery& delivery, Event& event) {
    auto* repository = repository_of(event);
    if (!repository) co_return;
    const auto named = candidates(*context.organisation(), *repository);
    if (named.empty()) co_return;
    const auto id = context.forges.at(delivery.forge)->repository_id_in(delivery);
    if (id.empty()) co_return;
    for (const auto& former : named) {
        auto record = co_await load<RepositoryRecord>(context.queue, repository_key(former));
        if (record.value.id != id) continue;
        log_warning("a repository has a new name; its stacks must use it",
                    {{"stacks name", former.text()}, {"it is", repository->text()}});
        context.forges.at(delivery.forge)->is_called_now(former, repository->path);
        *repository = former;
        co_return;
    }
}

}  // namespace slipway
