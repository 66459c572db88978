// Bytes that go by in pieces, so that nobody needs memory for all of them at once: sources of runs
// and plan files may have hundreds of megabytes.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace slipway {

// The most that a piece has.
inline constexpr std::size_t chunk_size = 256u << 10;

// The next piece; "": that was all. Both may be called on any thread, one call after the other.
using ChunkSource = std::function<std::string()>;
using ChunkSink = std::function<void(std::string_view)>;

// A text that is in memory already.
inline ChunkSource chunks_of(std::shared_ptr<const std::string> whole) {
    return [whole = std::move(whole), at = std::size_t{0}]() mutable {
        auto piece = whole->substr(at, chunk_size);
        at += piece.size();
        return piece;
    };
}

inline ChunkSource chunks_of(std::string text) {
    return chunks_of(std::make_shared<const std::string>(std::move(text)));
}

// For what is known to be small, or is kept in memory anyway.
inline std::string gathered(const ChunkSource& source) {
    auto all = source();
    for (auto piece = all; !piece.empty(); all += piece) piece = source();
    return all;
}

}  // namespace slipway
