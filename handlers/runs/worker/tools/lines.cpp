#include "handlers/runs/worker/tools/lines.hpp"

#include <algorithm>

namespace slipway {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = text.find('\n');
        out.push_back(text.substr(0, end));
        text = end == text.npos ? std::string_view() : text.substr(end + 1);
    }
    return out;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

std::string joined(const std::vector<std::string_view>& lines, std::size_t at_most) {
    std::string out;
    for (std::size_t i = 0; i < lines.size() && i < at_most; ++i)
        out += std::string(i == 0 ? "" : "\n") + std::string(lines[i]);
    if (lines.size() > at_most) out += "\n…";
    return out;
}

std::string last_lines(std::string_view text, std::size_t count) {
    auto lines = lines_of(text);
    std::erase_if(lines, is_blank);
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
    return joined(lines, count);
}

}  // namespace slipway
