#include "service/app/engine.hpp"

#include "handlers/report/reply.hpp"
#include "handlers/webhooks/catch_up.hpp"
#include "policies/cost/organisation_costs.hpp"
#include "service/base/log.hpp"

namespace slipway {

Task<std::vector<ConfigFinding>> faults_of_tree(Policies& policies,
                                                std::shared_ptr<const Organisation> organisation) {
    PolicySet set;
    set.policies = organisation->policies;
    set.library = organisation->policy_library;
    std::vector<ConfigFinding> faults;
    const auto findings = co_await policies.check(std::move(set));
    for (const auto& finding : findings) faults.push_back({finding.place, finding.message});
    Findings of_costs;
    cost::read_organisation_costs(organisation->cost_files, of_costs);
    faults.insert(faults.end(), of_costs.all().begin(), of_costs.all().end());
    co_return faults;
}

Engine::Engine(EngineParts parts, const Config& config)
    : parts_(std::move(parts)),
      policies_(make_policies(parts_.executor)),
      uses_(std::make_unique<UsesReader>(parts_.executor, parts_.pool)),
      plans_(parts_.blobs),
      react_{
          parts_.queue,
          parts_.forges,
          parts_.mirrors,
          *uses_,
          *policies_,
          parts_.pool,
          parts_.clock,
          parts_.organisation,
          parts_.has_organisation_tree,
          config.command_words,
          config.mode,
          parts_.looks_at,
          [this](std::string text) { return parts_.blobs.put_sealed(chunks_of(std::move(text))); }},
      control_{parts_.queue,
               parts_.forges,
               parts_.mirrors,
               *uses_,
               *policies_,
               parts_.blobs,
               plans_,
               parts_.pool,
               parts_.clock,
               parts_.organisation,
               parts_.scratch / "prepare",
               parts_.key.derive("run specifications"),
               parts_.key.derive("digests of inputs"),
               parts_.has_organisation_tree,
               config.command_words.front(),
               parts_.any_provider,
               std::chrono::seconds(config.lease_seconds),
               config.data / "prices"},
      report_{parts_.queue,
              plans_,
              parts_.forges,
              parts_.clock,
              config.check_name,
              parts_.public_url,
              config.command_words.front(),
              config.link_hosts},
      gateway_(make_in_process_gateway(parts_.executor, control_)) {}

Task<void> Engine::handle(ClaimedJob job) {
    switch (job.job.kind) {
        case JobKind::event:
            return react(react_, std::move(job));
        case JobKind::look:
            return look_again(react_, std::move(job));
        case JobKind::command:
            return answer_request(control_, std::move(job));
        case JobKind::prepare:
            return prepare(control_, std::move(job));
        case JobKind::judge:
            return judge(control_, std::move(job));
        case JobKind::consider:
            return consider(control_, std::move(job));
        case JobKind::release:
            return release(control_, std::move(job));
        case JobKind::lock:
            return look_at_lock(control_, std::move(job));
        case JobKind::report:
            return write_report(report_, std::move(job));
        case JobKind::pass:
            return pass_merge_group(report_, std::move(job));
        case JobKind::reply:
            return write_reply(report_, std::move(job));
        case JobKind::catch_up:
            return catch_up(react_, std::move(job));
        case JobKind::perform:
            break;
    }
    throw Failure("work for a worker was found in the service's queue", Retry::never);
}

Task<void> Engine::catch_up_for_ever() { return slipway::catch_up_for_ever(react_); }

Task<void> Engine::handle_lapsed(Lapsed lapsed) {
    return settle_lapsed(control_, std::move(lapsed));
}

WorkerOptions Engine::worker_options(const Config& config) const {
    WorkerOptions options;
    options.slots = config.workers;
    options.scratch = parts_.scratch / "runs";
    options.plugin_cache = config.data / "cache" / "plugins";
    options.tools = config.data / "cache" / "tools";
    options.journal = config.data / "journal";
    options.lease = control_.lease;
    options.sandbox = config.sandbox;
    options.hidden = {config.data, config.sealing_key};
    options.provider_mirrors = config.provider_mirrors;
    options.environment_names = config.worker_environment;
    options.identity_names = config.worker_identity;
    options.configured_tools = config.worker_tools;
    options.spec_key = control_.spec_key;
    options.digest_key = parts_.key.derive("digests of changes");
    return options;
}

}  // namespace slipway
