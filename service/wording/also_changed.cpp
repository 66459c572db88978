#include "service/wording/also_changed.hpp"

#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t addresses_named = 3, pulls_named = 5;

std::string other_text(const AlsoChanged& other, const Voice& voice) {
    const auto pull = "#" + std::to_string(other.pull);
    if (other.common.empty()) return pull;
    std::vector<std::string> names;
    for (const auto& address : other.common) names.push_back(voice.code(address));
    return pull + " (" + number_of(other.common.size(), "resource") +
           " in common: " + list_of(names, addresses_named) + ")";
}

}  // namespace

std::string also_changed_notices(const std::vector<StackView>& views, const Voice& voice,
                                 std::size_t bytes) {
    std::string out;
    for (const auto& view : views) {
        std::vector<std::string> others;
        for (const auto& other : view->also_changed) others.push_back(other_text(other, voice));
        if (others.empty()) continue;
        const auto text = voice.name(view->stack.value) + " is also changed by " +
                          list_of(others, pulls_named) + ".";
        if (out.size() + text.size() <= bytes) add_paragraph(out, text);
    }
    return out;
}

}  // namespace slipway
