// `slipway serve --check`: whether a service with this configuration would work, found out without
// serving and without writing anything.
#pragma once
#include <string>
#include <vector>

#include "service/base/config.hpp"
#include "service/catalog/catalog.hpp"

namespace slipway {

// `advice`: it works, but hardly as was meant. `unknown`: it could not be asked.
enum class CheckVerdict { good, advice, unknown, wrong };
struct CheckedPart {
    CheckVerdict verdict = CheckVerdict::good;
    std::string part;
    std::string text;

    bool operator==(const CheckedPart&) const = default;
};

CheckedPart check_data(const std::filesystem::path& data);
CheckedPart check_sealing_key(const std::filesystem::path& key, const std::filesystem::path& data);
// Programs and files that the worker's configuration names.
std::vector<CheckedPart> check_worker(const Config& config);
// What the tree and `forges` say of each other. `owners_folders`: forges that are a folder, where
// anybody may speak as anybody.
std::vector<CheckedPart> check_forge_names(const Organisation& organisation, const Config& config,
                                           const std::vector<std::string>& owners_folders);

// One line each.
std::string checked_text(const std::vector<CheckedPart>& parts);
// Looks at everything and prints it. The exit code: 1 where something is wrong.
int check_serving(const Config& config);

}  // namespace slipway
