#include "service/app/watch.hpp"

#include "service/base/log.hpp"

namespace slipway {

namespace {

void tell(const Catalog& catalog, bool first) {
    const char* follows = catalog.newest_in_force() ? "what its policies would decide is blocked"
                                                    : "the one before stays in force";
    for (const auto& finding : catalog.findings())
        log_error("the organisation tree is broken; " + std::string(follows),
                  {{"finding", finding.text()}});
    if (catalog.findings().empty() && !first) log_info("the organisation tree was read again");
}

}  // namespace

// It is judged apart: a tree that is not in force does not trouble the engine that decides.
Task<void> watch_tree(Catalog& catalog, Engine& engine) {
    auto executor = co_await this_executor();
    auto judge = [executor](auto organisation) -> Task<std::vector<ConfigFinding>> {
        auto policies = make_policies(executor);
        co_return co_await faults_of_tree(*policies, std::move(organisation));
    };
    bool looked_at = false;  // what was planned by the tree before; after a start, too
    for (bool first = true;; first = false) {
        std::string trouble, what = "the organisation tree could not be read again";
        try {
            const bool changed = co_await catalog.poll(judge);
            if (changed) tell(catalog, first);
            if (changed) looked_at = false;
            what = "open pull requests could not be looked at by the new organisation tree";
            if (!looked_at) co_await engine.look_at_tree();
            looked_at = true;
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        if (!trouble.empty()) log_warning(what, {{"reason", trouble}});
        co_await sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace slipway
