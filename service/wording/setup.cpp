#include "service/wording/setup.hpp"

#include <algorithm>

namespace slipway {

namespace {

std::string sentence(const SetupFinding& found, const SetupRequest& setup) {
    const auto& detail = found.detail;
    const bool good = found.state == SetupState::good || found.state == SetupState::changed;
    switch (found.part) {
        case SetupPart::credential:
            return good ? "the credential is " + detail + "'s"
                        : "the credential is not accepted: make a new one and put it into the "
                          "configuration";
        case SetupPart::permission:
            return good ? "it has the right " + detail
                        : "it lacks the right " + detail + " on " + setup.repository.path +
                              ": give it that, then check again";
        case SetupPart::webhook:
            if (found.state == SetupState::unknown)
                return "whether a webhook sends to " + detail +
                       " cannot be seen: the credential's user must administer the repository";
            return good ? "the webhook sends to " + detail
                        : "no complete webhook sends to " + detail +
                              ": `slipway forge setup` makes one";
        case SetupPart::events:
            return good ? "the App is subscribed to every event that counts"
                        : "the App is not subscribed to " + detail +
                              ": choose these in its settings, under Permissions & events";
        case SetupPart::required_check:
            return good ? "merging into " + detail + " waits for the check " + setup.check_name
                        : "merging into " + detail + " does not wait for the check " +
                              setup.check_name + ": require it in the branch protection";
        case SetupPart::stale_approvals:
            return good ? "a new commit ends approvals for " + detail
                        : "approvals for " + detail +
                              " outlive a new commit on the forge; Slipway does not count them, "
                              "but people see them: dismiss stale approvals there";
        case SetupPart::calls_left:
            return detail + " calls are left of the forge's limit";
        case SetupPart::test_event:
            if (found.state == SetupState::unknown)
                return "whether a test event arrived cannot be seen: the service does not run here";
            return good ? "a test event arrived at the service"
                        : "a test event did not arrive at the service: can the forge reach " +
                              detail + "?";
    }
    return detail;
}

std::string_view mark(SetupState state) {
    switch (state) {
        case SetupState::good:
            return "ok       ";
        case SetupState::changed:
            return "changed  ";
        case SetupState::missing:
            return "missing  ";
        case SetupState::advised:
            return "advice   ";
        case SetupState::unknown:
            break;
    }
    return "unknown  ";
}

}  // namespace

bool is_in_order(const std::vector<SetupFinding>& findings) {
    return !findings.empty() && std::ranges::none_of(findings, [](const SetupFinding& found) {
        return found.state == SetupState::missing;
    });
}

std::string setup_text(const SetupRequest& setup, const std::vector<SetupFinding>& findings) {
    auto out = setup.repository.text() + "\n";
    for (const auto& found : findings)
        out += "  " + std::string(mark(found.state)) + sentence(found, setup) + "\n";
    if (findings.empty()) out += "  nothing is to be set up on this forge\n";
    return out;
}

}  // namespace slipway
