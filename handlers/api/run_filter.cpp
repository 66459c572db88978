#include "handlers/api/run_filter.hpp"

#include <algorithm>
#include <string>

#include "service/base/nearest.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

namespace {

struct Group {
    std::string_view name;
    bool (*has)(RunState);
};
constexpr Group groups[] = {
    {"waiting",
     [](RunState state) { return state == RunState::unconfirmed || state == RunState::unknown; }},
    {"running",
     [](RunState state) {
         return state == RunState::preparing || state == RunState::planning ||
                state == RunState::confirmed || state == RunState::applying;
     }},
    {"over", is_terminal}};

std::vector<std::string> known_words() {
    std::vector<std::string> out;
    for (const auto& group : groups) out.emplace_back(group.name);
    for (const auto word : words_of(RunState{})) out.emplace_back(word);
    return out;
}

std::vector<RunState> named(std::string_view text) {
    if (const auto state = parse_word<RunState>(text)) return {*state};
    std::vector<RunState> out;
    for (const auto& group : groups)
        if (group.name == text)
            for (std::size_t i = 0; i < words_of(RunState{}).size(); ++i)
                if (group.has(static_cast<RunState>(i))) out.push_back(static_cast<RunState>(i));
    return out;
}

}  // namespace

Result<std::vector<RunState>> parse_states(std::string_view words) {
    std::vector<RunState> out;
    while (!words.empty()) {
        const auto one = words.substr(0, words.find(','));
        words.remove_prefix(std::min(words.size(), one.size() + 1));
        const auto states = named(one);
        if (states.empty()) {
            const auto known = known_words();
            return Error{run_words::no_such_state(did_you_mean(one, known), known)};
        }
        out.insert(out.end(), states.begin(), states.end());
    }
    return out;
}

bool shows(const RunFilter& filter, const Run& run) {
    if (filter.pull && run.pull != filter.pull) return false;
    return filter.states.empty() ||
           std::find(filter.states.begin(), filter.states.end(), run.state) != filter.states.end();
}

}  // namespace slipway
