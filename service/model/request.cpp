#include "service/model/request.hpp"

#include <algorithm>

#include "service/model/glob.hpp"

namespace slipway {

bool target_matches(const CommandTarget& target, const Stack& stack) {
    if (target.pattern.empty())
        return stack.directory == target.directory && stack.workspace == target.workspace;
    std::string_view pattern = target.pattern;
    if (pattern.starts_with("label:")) {
        auto label = pattern.substr(6);
        return std::find(stack.labels.begin(), stack.labels.end(), label) != stack.labels.end();
    }
    if (pattern.starts_with("space:")) {
        auto space = pattern.substr(6);
        const auto& own = stack.space.value;
        return space.empty() || own == space ||
               (own.starts_with(space) && own.size() > space.size() && own[space.size()] == '/');
    }
    return names(target, stack) || glob_matches(pattern, stack.id.value);
}

bool names(const CommandTarget& target, const Stack& stack) {
    if (stack.id.value == target.pattern) return true;
    return stack.self_described && stack.id.value == stack.repository.text() + "/" + target.pattern;
}

}  // namespace slipway
