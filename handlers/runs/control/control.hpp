// The service side of runs: hand over, judge, settle, release, and answer people. Every step is one
// commit of the run's new state and the jobs that follow from it.
//
//   prepare/<run>         materialise, RunSpec         -> perform/<run>/plan
//   judge/<run>/<phase>   plan policies, next state    -> consider, report, or the lane's next
//   consider/<pull>       reviews -> approvals         -> applies of what waits and may; also at
//   the
//                         time that a policy waits for
//   release/<run>         an upstream ended            -> its lane, or skipped
//   lock/<time>/<stack>   a lock was set, lifted, or expires -> consider, report
//   command/…             a person's request           -> the same transitions, under one matrix of
//   rights
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "handlers/forges/forge.hpp"
#include "handlers/runs/gateway/gateway.hpp"
#include "policies/policies.hpp"
#include "queue/store.hpp"
#include "service/base/clock.hpp"
#include "service/blobs/plans.hpp"
#include "service/catalog/catalog.hpp"
#include "service/catalog/uses.hpp"
#include "service/git/mirror.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/request.hpp"

namespace slipway {

struct ControlContext {
    Queue& queue;
    Forges& forges;
    Mirrors& mirrors;
    UsesReader& uses;
    Policies& policies;
    Blobs& blobs;
    Plans& plans;
    Pool& pool;
    const Clock& clock;
    std::function<std::shared_ptr<const Organisation>()> organisation;
    std::filesystem::path scratch;       // materialised trees, for the moment of packing
    Secret spec_key;                     // signs what workers are given (rule R6)
    Secret digest_key;                   // keys the inputs digest's variables
    bool has_organisation_tree = false;  // without one, the forge's permission is all there is
    std::string command_word = "/slipway";
    bool any_provider = false;                // a preview of one's own working copy
    std::chrono::milliseconds lease{30'000};  // of a worker's work, without renewal
    std::filesystem::path prices = {};        // what `slipway prices import` left; may be absent
};

Task<void> prepare(ControlContext& context, ClaimedJob job);
Task<void> judge(ControlContext& context, ClaimedJob job);
Task<void> consider(ControlContext& context, ClaimedJob job);
Task<void> release(ControlContext& context, ClaimedJob job);
// A stack was locked or unlocked, or its lock expired.
Task<void> look_at_lock(ControlContext& context, ClaimedJob job);
// Another organisation tree is in force: open pull requests whose stacks' settings or policies are
// others now are marked, which takes their checks back, and are planned again after what people
// wait for; where approvals alone are decided otherwise, they are considered again.
Task<void> look_at_tree(ControlContext& context);
Task<void> answer_request(ControlContext& context, ClaimedJob job);
// A lease ran out: a plan starts again by itself, an apply becomes `unknown`; a job given up fails
// its run.
Task<void> settle_lapsed(ControlContext& context, Lapsed lapsed);

// In this process: for the built-in slots. Calls come on the worker's executor and run on the
// service's.
std::unique_ptr<RunGateway> make_in_process_gateway(asio::any_io_executor service,
                                                    ControlContext& context);

}  // namespace slipway
