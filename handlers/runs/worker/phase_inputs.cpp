// Between init and everything that runs code of others: whether the providers may run, and what all
// is made from.
#include <algorithm>

#include "handlers/runs/worker/phase_execution.hpp"
#include "handlers/runs/worker/run_inputs.hpp"

namespace slipway {

Task<void> PhaseExecution::check_providers(std::vector<std::string>& unknown) {
    Pool pool(1);
    auto look = [this] {
        return installed_providers(workspace_.data(), options_.plugin_cache,
                                   options_.provider_mirrors);
    };
    providers_ = co_await pool.run(look);
    const auto& allowed = spec_.allowed_providers;
    for (const auto& provider : providers_)
        if (!spec_.any_provider && spec_.phase != Phase::apply &&
            std::find(allowed.begin(), allowed.end(), provider.address) == allowed.end())
            unknown.push_back(provider.address);
    if (!unknown.empty())
        throw PhaseOver{PhaseResult::Outcome::failed,
                        "the provider " + unknown.front() +
                            " is not one that the tracked branch uses, so it was not started"};
    const auto locked = locked_providers(lock_file);
    if (const auto trouble = lock_trouble(providers_, locked); !trouble.empty())
        throw PhaseOver{PhaseResult::Outcome::failed, trouble};
    auto keep = [this, &locked] { keep_in_cache(options_.plugin_cache, providers_, locked); };
    co_await pool.run(keep);
}

Task<std::vector<RunInput>> PhaseExecution::take_inputs() {
    Pool pool(1);
    auto digest_modules = [this] { return module_inputs(workspace_.data()); };
    auto out = co_await pool.run(digest_modules);
    const ReadVariable read = own_variable;
    const ValueDigests how{options_.environment_names, options_.identity_names, options_.digest_key,
                           read};
    for (auto&& more : {provider_inputs(providers_), tool_inputs(tool, lock_file),
                        value_inputs(spec_, environment_, how)})
        out.insert(out.end(), more.begin(), more.end());
    if (spec_.phase == Phase::apply)
        if (const auto found = differences_of_apply(spec_, out); !found.empty())
            throw PhaseOver{PhaseResult::Outcome::failed,
                            text_of(found) + " since the plan; nothing was applied, plan again"};
    co_return out;
}

}  // namespace slipway
