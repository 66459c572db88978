// What follows from an event: one overload per kind. An event is a hint to look (rule W1): each
// reads the present state from the forge and from git, decides, and leaves everything in one
// commit.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "policies/policies.hpp"
#include "queue/queue.hpp"
#include "service/base/clock.hpp"
#include "service/catalog/catalog.hpp"
#include "service/catalog/uses.hpp"
#include "service/git/mirror.hpp"

namespace slipway {

struct ReactContext {
    Queue& queue;
    Forges& forges;
    Mirrors& mirrors;
    UsesReader& uses;
    Policies& policies;
    Pool& pool;
    const Clock& clock;
    std::function<std::shared_ptr<const Organisation>()> organisation;
    bool has_organisation_tree =
        false;  // without one, repositories of the built-in forge describe themselves
    std::vector<std::string> command_words;
    Mode mode = Mode::apply;
    std::function<bool(const Stack&)> looks_at = {};  // of those on a pull request; empty: at all
    // Keeps what push policies were asked, sealed; empty: it is not kept.
    std::function<BlobId(std::string)> keep = {};
};

// What an event announced is not to be seen yet: the forge may lag behind its own webhook, or it
// never was so.
struct ForgeLags : Failure {
    using Failure::Failure;
};

// The job event/<forge>/<delivery>.
Task<void> react(ReactContext& context, ClaimedJob job);
// The job look/…: somebody asked for new plans, or for runs again.
Task<void> look_again(ReactContext& context, ClaimedJob job);

}  // namespace slipway
