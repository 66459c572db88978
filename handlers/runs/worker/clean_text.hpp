// Output of tools and programs as plain text: no colours, no cursor movements, no links that a
// terminal would follow, no control characters. Works on a stream, at any chunk borders.
#pragma once
#include <string>
#include <string_view>

namespace slipway {

class CleanText {
  public:
    void feed(std::string_view bytes, std::string& out);

  private:
    enum class State { text, escape, parameters, string, string_escape };
    State state_ = State::text;
    std::size_t length_ = 0;  // of the sequence so far: a broken one does not eat the rest
    bool carriage_return_ = false;
};

std::string clean_text(std::string_view text);

}  // namespace slipway
