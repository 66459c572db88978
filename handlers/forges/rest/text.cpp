#include "handlers/forges/rest/text.hpp"

#include <algorithm>

#include "service/base/utf8.hpp"

namespace slipway::rest {

std::string fitted(std::string_view markdown, std::size_t bytes, std::string_view forge) {
    if (markdown.size() <= bytes) return std::string(markdown);
    const auto told =
        "\n\n*Shortened: the whole text is too long for " + std::string(forge) + ".*\n";
    constexpr std::string_view fence_end = "\n```";
    const auto room = bytes - told.size() - fence_end.size();
    auto end = markdown.rfind('\n', room);
    if (end == markdown.npos || end < room / 2) {
        end = utf8_prefix(markdown, room).size();
    }
    std::string out(markdown.substr(0, end));
    bool fenced = out.starts_with("```");
    for (auto at = out.find("\n```"); at != out.npos; at = out.find("\n```", at + 1))
        fenced = !fenced;
    if (fenced) out += fence_end;
    return out + told;
}

std::string shortened_to(std::string_view text, std::size_t characters) {
    std::size_t seen = 0, cut = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
        if (++seen == characters) cut = i;
        if (seen > characters) return std::string(text.substr(0, cut)) + "…";
    }
    return std::string(text);
}

std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < 0x20; }, ' ');
    return text;
}

}  // namespace slipway::rest
