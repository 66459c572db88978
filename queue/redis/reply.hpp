// Replies of the Redis protocol (RESP2) as values; hiredis' reader underneath. What a server may
// make us hold is bounded: bytes and elements of a reply, its depth (seven, by the reader).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

struct RedisReply {
    enum class Kind { nil, text, number, list, error };
    Kind kind = Kind::nil;
    std::string text;  // also the error's
    std::int64_t number = 0;
    std::vector<RedisReply> items;

    bool is_nil() const { return kind == Kind::nil; }
    bool is_error() const { return kind == Kind::error; }
    bool operator==(const RedisReply&) const = default;
};

struct ReplyLimits {
    std::size_t bytes = 64u << 20;
    std::size_t elements = 1u << 20;
};

class ReplyReader {
  public:
    explicit ReplyReader(ReplyLimits limits = {});
    ~ReplyReader();
    // Both throw Failure where the bytes are no protocol or beyond a limit; then the connection is
    // of no more use.
    void feed(std::string_view bytes);
    std::optional<RedisReply> next();  // nullopt: more bytes are needed

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Adds the words to `wire` as one command.
void add_command(std::string& wire, const std::vector<std::string>& words);

// Throws Failure for an error reply, with a sentence and what the queue should do; else gives it
// back.
RedisReply expect_no_error(RedisReply reply);

}  // namespace slipway
