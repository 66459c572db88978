#include "handlers/webhooks/comment_words.hpp"

#include "service/base/utf8.hpp"
#include "service/model/ascii.hpp"

namespace slipway {

std::string folded(std::string_view text) { return ascii_lower(std::string(text)); }

namespace {

bool is_space(char32_t c) {
    return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

std::vector<Word> split(std::string_view line) {
    std::vector<Word> words;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= line.size();) {
        const auto point = at < line.size() ? code_point_at(line, at) : CodePoint{' ', 1};
        if (is_space(point.value)) {
            if (at > begin) words.push_back({line.substr(begin, at - begin), at});
            begin = at + point.bytes;
        }
        at += point.bytes;
    }
    return words;
}

bool is_invisible(char32_t c) {
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0xAD;
}

bool looks_like(std::string_view text, std::string_view word) {
    std::size_t at = 0, same = 0, read = 0;
    while (at < text.size()) {
        const auto point = code_point_at(text, at);
        at += point.bytes;
        if (is_invisible(point.value)) continue;
        if (read >= word.size()) return false;
        const char wanted = word[read++];
        if (point.value < 0x80) {
            if (ascii_lower(static_cast<char>(point.value)) != wanted) return false;
            ++same;
        }
    }
    return read == word.size() && same * 2 >= word.size();
}

}  // namespace slipway
