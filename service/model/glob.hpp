// Doublestar patterns over slash-separated paths: `?` and `*` stay inside a segment, `**` as a
// whole segment spans any number of them (`a/**` is also `a` itself), `[abc]`, `[a-z]` and `[!a-z]`
// are classes,
// `{a,b/c}` alternatives, `\` takes the next character as it is. Time grows with pattern × path,
// whatever both say: they come from people we do not know.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// A pattern made ready for many paths. What is not well formed (see glob_error) is taken as it
// stands.
class Glob {
  public:
    explicit Glob(std::string_view pattern);
    bool matches(std::string_view path) const;

  private:
    friend class GlobParser;
    enum class Kind : std::uint8_t { letter, one, many, every, klass, fork, jump, end };
    struct Node {
        Kind kind = Kind::end;
        bool negated = false;
        char32_t letter = 0;
        std::uint32_t next = 0;   // fork: the one way
        std::uint32_t other = 0;  // fork: the other; klass: its first range
        std::uint32_t ranges = 0;
    };
    struct Range {
        char32_t first, last;
    };
    bool takes(const Node& node, char32_t letter) const;

    std::string prefix_, suffix_;
    std::vector<Node> nodes_;
    std::vector<Range> ranges_;
};

// How many bytes a pattern begins with that stand for themselves.
std::size_t glob_literal_size(std::string_view pattern);

bool glob_matches(std::string_view pattern, std::string_view path);

// Why a pattern is not well formed, as half a sentence ("has a [ without its ]"); "": it is.
std::string glob_error(std::string_view pattern);

}  // namespace slipway
