#include "handlers/forges/gitlab/quick_actions.hpp"

#include <algorithm>

namespace slipway::gitlab {
namespace {

constexpr std::string_view joiner = "\xE2\x81\xA0";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string without_quick_actions(std::string_view markdown) {
    std::string out;
    out.reserve(markdown.size() + 16);
    while (!markdown.empty()) {
        const auto end = markdown.find_first_of("\r\n");
        const auto line = markdown.substr(0, end == markdown.npos ? end : end + 1);
        markdown.remove_prefix(line.size());
        const auto indent = std::min(line.find_first_not_of(" \t"), line.size());
        const auto text = line.substr(indent);
        out.append(line.substr(0, indent));
        if (text.size() > 1 && text[0] == '/' && is_letter(text[1])) out.append(joiner);
        out.append(text);
    }
    return out;
}

}  // namespace slipway::gitlab
