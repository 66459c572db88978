// An apply as a forge that keeps deployments shows it: which commit is where, since when.
#pragma once
#include <string>

#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

// `error`: nobody saw how it ended.
enum class DeploymentState { in_progress, success, failure, error };
BOOST_DESCRIBE_ENUM(DeploymentState, in_progress, success, failure, error)

struct Deployment {
    std::string environment;  // the stack's name
    CommitSha commit;
    std::string key;  // by which one is found again whose making was not answered: its run's id
    DeploymentState state = DeploymentState::in_progress;
    std::string description;  // one line
    std::string url;          // "": none
};

// What was last written of one.
struct PostedDeployment {
    std::string id;  // the forge's own; "": it took none
    DeploymentState state = DeploymentState::in_progress;

    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("state", self.state);
    }
};

}  // namespace slipway
