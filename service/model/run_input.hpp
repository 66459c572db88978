// What an apply depends on beside the plan's changes (rule R4), one by one, so that what differs
// can be named.
#pragma once
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "service/model/words.hpp"

namespace slipway {

enum class InputKind {
    setting,   // of the stack: "directory", "workspace", …
    files,     // a path of the repository
    variable,  // as the stack sets it
    output,    // of an upstream, as "network.vpc_id to TF_VAR_vpc_id"
    value,     // what a variable of the worker resolved to
    tool,
    lock_file,
    module,    // downloaded, by the name it is called by
    provider,  // installed, by its address
};
BOOST_DESCRIBE_ENUM(InputKind, setting, files, variable, output, value, tool, lock_file, module,
                    provider)

struct RunInput {
    InputKind kind = InputKind::setting;
    std::string name;
    std::string digest;  // "": it cannot be digested, so it equals nothing

    auto operator<=>(const RunInput&) const = default;
    static void fields(auto& self, auto&& f) {
        f("kind", self.kind);
        f("name", self.name);
        f("digest", self.digest);
    }
};

struct InputDifference {
    enum class How { other, missing, extra, undigested };
    InputKind kind = InputKind::setting;
    std::string name;
    How how = How::other;

    bool operator==(const InputDifference&) const = default;
};

// What is not the same now, in the order of kind and name; what cannot be digested always differs.
std::vector<InputDifference> differences(const std::vector<RunInput>& before,
                                         const std::vector<RunInput>& now);

}  // namespace slipway
