#include "handlers/runs/worker/clean_text.hpp"

namespace slipway {

namespace {
constexpr std::size_t longest_sequence = 4096;
}

void CleanText::feed(std::string_view bytes, std::string& out) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (state_ != State::text && ++length_ > longest_sequence) state_ = State::text;
        switch (state_) {
            case State::text:
                if (carriage_return_ && c != '\n')
                    out += '\n';  // a progress line that overwrites itself
                carriage_return_ = c == '\r';
                if (c == '\x1b') {
                    state_ = State::escape;
                    length_ = 0;
                } else if (c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f)) {
                    out += c;
                }
                break;
            case State::escape:
                // ESC [ … letter; ESC ] … BEL or ESC \ (titles, links), likewise P, X, ^, _; else
                // one more
                state_ = c == '[' ? State::parameters
                         : c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_' ? State::string
                         : byte >= 0x20 && byte < 0x30                              ? State::escape
                                                                                    : State::text;
                break;
            case State::parameters:
                if (byte >= 0x40 && byte < 0x7f) state_ = State::text;
                break;
            case State::string:
                if (c == '\a')
                    state_ = State::text;
                else if (c == '\x1b')
                    state_ = State::string_escape;
                break;
            case State::string_escape:
                state_ = c == '\\' ? State::text : State::string;
                break;
        }
    }
}

std::string clean_text(std::string_view text) {
    std::string out;
    CleanText cleaner;
    cleaner.feed(text, out);
    return out;
}

}  // namespace slipway
