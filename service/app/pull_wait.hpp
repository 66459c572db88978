// `slipway pull wait`: until a pull request's checks are final, or until what it changed is
// applied.
#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "service/app/client_calls.hpp"

namespace slipway {

enum class WaitFor { checks, apply };

// Where a pull request stands, as the API tells it: whether that is the end, and a line about it.
struct WaitStep {
    enum class Outcome { pending, yes, no };
    Outcome outcome = Outcome::pending;
    std::string line;
};
// `head`: the commit that is waited for, or its beginning; "": whichever the service knows.
WaitStep wait_step(WaitFor what, const Json& pull, std::string_view head);

// "90s", "10m", "2h"; nullopt: it is none of these.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

struct PullWait {
    Where where;
    std::filesystem::path repository = ".";  // a working copy, where it is of the built-in forge
    std::string name;                        // of the repository: "github.com/acme/infra"
    std::string head;
    int number = 0;
    WaitFor what = WaitFor::checks;
    std::chrono::seconds timeout{600};
};
// Prints each step once, or as JSON the last one. 0: yes; 1: no; 2: timed out.
int wait_for_pull(const PullWait& wanted);

}  // namespace slipway
