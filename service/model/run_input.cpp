#include "service/model/run_input.hpp"

#include <map>
#include <utility>

namespace slipway {

std::vector<InputDifference> differences(const std::vector<RunInput>& before,
                                         const std::vector<RunInput>& now) {
    using How = InputDifference::How;
    struct Sides {
        const RunInput* before = nullptr;
        const RunInput* now = nullptr;
    };
    std::map<std::pair<InputKind, std::string>, Sides> all;
    for (const auto& input : before) all[{input.kind, input.name}].before = &input;
    for (const auto& input : now) all[{input.kind, input.name}].now = &input;
    std::vector<InputDifference> out;
    for (const auto& [key, sides] : all) {
        const auto add = [&out, &key = key](How how) {
            out.push_back({key.first, key.second, how});
        };
        if (!sides.now)
            add(How::missing);
        else if (!sides.before)
            add(How::extra);
        else if (sides.before->digest.empty() || sides.now->digest.empty())
            add(How::undigested);
        else if (sides.before->digest != sides.now->digest)
            add(How::other);
    }
    return out;
}

}  // namespace slipway
