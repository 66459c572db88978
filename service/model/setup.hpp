// Setting up a forge for one repository: what has to be so there, and what was found.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "service/model/repository.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class SetupPart {
    credential,       // detail: who we are there
    permission,       // detail: which right is missing, or what we may
    webhook,          // detail: the address that it sends to
    events,           // that an App is subscribed to; detail: those that are missing
    required_check,   // a merge waits for our check; detail: the branch
    stale_approvals,  // approvals end with a new commit; detail: the branch
    calls_left,       // detail: "4876 of 5000"
    test_event,       // `changed`: the forge was asked to send one; detail: the address
};
BOOST_DESCRIBE_ENUM(SetupPart, credential, permission, webhook, events, required_check,
                    stale_approvals, calls_left, test_event)
// `advised`: it works without, but should not be so.
enum class SetupState { good, changed, missing, advised, unknown };
BOOST_DESCRIBE_ENUM(SetupState, good, changed, missing, advised, unknown)
struct SetupFinding {
    SetupPart part = SetupPart::credential;
    SetupState state = SetupState::good;
    std::string detail;
};
struct SetupRequest {
    RepositoryName repository;
    std::string webhook_url;
    std::string check_name;  // of the summary, which a merge is to wait for
    bool change = false;     // else only look
};

}  // namespace slipway
