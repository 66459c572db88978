// A request's head and chunks, read by Beast (request_parser.cpp) from bytes in memory. The head
// was judged by refused_head() before.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/net/http.hpp"

namespace slipway {

class RequestParser {
  public:
    explicit RequestParser(HttpRequest& out);  // which must outlive it
    ~RequestParser();

    bool read_head(std::string_view head);  // method and headers; false: malformed
    const std::string& target() const;
    std::optional<std::uint64_t> length() const;
    bool is_chunked() const;
    bool keeps_alive() const;

    // Moves what chunks there are from the front of `bytes` to the body. Trailers are passed over:
    // nobody signed or checked them.
    enum class Chunks { more, done, malformed, too_large };
    Chunks read_chunks(std::string& bytes, std::size_t body_limit);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace slipway
