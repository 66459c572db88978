// What stacks really manage, and the tool that plans and applies it: a plan is of what the state
// holds now, an apply of a plan that the state has moved on from fails, as Terraform's does. Here
// is noticed what no worker may ever do.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>

#include "handlers/runs/gateway/gateway.hpp"
#include "service/base/digest.hpp"

namespace slipway::simulation {

class Infrastructure {
  public:
    struct StackState {
        std::string content;  // what was applied last
        int serial = 0;
    };
    struct MadePlan {
        std::string stack, from, to;
        int serial = 0;
    };
    // As the journal of a worker has it.
    struct BegunApply {
        bool at_work = false;  // its process lives
        std::optional<PhaseResult> result;
    };

    std::map<std::string, StackState> states;
    std::map<std::string, MadePlan> plans;  // by digest
    std::map<std::string, BegunApply> journal;
    std::function<void(const std::string&)> on_trouble;
    int applies = 0;

    // Its digest; every plan file has another one.
    std::string plan(const std::string& stack, const std::string& wanted) {
        const auto& state = states[stack];
        auto digest = sha256_hex("plan " + std::to_string(plans.size()));
        plans[digest] = {stack, state.content, wanted, state.serial};
        return digest;
    }
    bool changes(const std::string& digest) const {
        const auto& plan = plans.at(digest);
        return plan.from != plan.to;
    }
    std::string change_digest(const std::string& digest) const {
        const auto& plan = plans.at(digest);
        return sha256_hex(plan.stack + "\n" + plan.from + "\n" + plan.to);
    }

    void begin(const std::string& digest) {
        const auto& plan = plans.at(digest);
        if (!journal.try_emplace(digest).second) on_trouble("a plan is applied twice");
        for (const auto& [other, begun] : journal)
            if (begun.at_work && plans.at(other).stack == plan.stack)
                on_trouble("two applies of " + plan.stack + " at once");
        journal[digest].at_work = true;
    }
    // True: all of it was done.
    bool apply(const std::string& digest, bool breaks) {
        const auto& plan = plans.at(digest);
        auto& state = states[plan.stack];
        if (state.serial != plan.serial) return false;
        ++state.serial;
        ++applies;
        state.content = breaks ? "half of " + plan.to : plan.to;
        return !breaks;
    }
    void end(const std::string& digest) { journal[digest].at_work = false; }
    bool is_applying(const std::string& stack) const {
        for (const auto& [digest, begun] : journal)
            if (begun.at_work && plans.at(digest).stack == stack) return true;
        return false;
    }
    bool has_nothing_left(const std::string& digest) const {
        const auto& plan = plans.at(digest);
        const auto at = states.find(plan.stack);
        return at != states.end() && at->second.content == plan.to;
    }
};

}  // namespace slipway::simulation
