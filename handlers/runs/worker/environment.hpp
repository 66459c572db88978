// The environment of a run, made from nothing: what the tool needs, and the variables of this
// phase. The rules it guards: a worker's own variables and files are given only where its
// configuration lists them (C5), no variable changes where the tool looks for its own files, and
// everything that is or looks like a secret is known to the masking before the tool starts.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "handlers/runs/gateway/gateway.hpp"
#include "service/model/secret.hpp"

namespace slipway {

struct RunEnvironment {
    std::map<std::string, std::string> variables;
    std::vector<Secret> secrets;        // to be masked
    std::vector<std::string> unmasked;  // names whose secret value is too short to be masked
};

// The worker's own environment, as an argument for tests.
using ReadVariable = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> own_variable(const std::string& name);

// Variables of another phase are passed over. Throws Failure(never) with one sentence for what is
// not allowed or not there.
RunEnvironment run_environment(const RunSpec& spec, const std::vector<std::string>& allowed_names,
                               const ReadVariable& read);

// What every command has; `workspace` as seen inside.
std::map<std::string, std::string> base_variables(const std::filesystem::path& workspace);

}  // namespace slipway
