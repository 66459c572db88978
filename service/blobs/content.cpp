// Addressing and sealing; where the bytes lie is the derived class's.
#include "service/blobs/content.hpp"

#include "service/base/digest.hpp"

namespace slipway {

namespace {

constexpr std::string_view purpose = "blob";

bool well_formed(const BlobId& id) {
    return id.value.size() == 64 &&
           id.value.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string named(const BlobId& id) { return "the blob " + std::string(shortened(id.value, 12)); }

// The same pieces; after the last one throws unless they were what the id names.
ChunkSource verified(const BlobId& id, ChunkSource bytes) {
    auto digest = std::make_shared<Sha256Stream>();
    return [id, bytes = std::move(bytes), digest] {
        auto piece = bytes();
        if (!piece.empty())
            digest->feed(piece);
        else if (to_hex(digest->finish()) != id.value)
            throw Failure("it was changed since it was stored", Retry::never);
        return piece;
    };
}

std::string next_of(const BlobId& id, const ChunkSource& source) {
    try {
        return source();
    } catch (const Failure& failure) {
        if (failure.retry() != Retry::never) throw;
        throw Failure(named(id) + " cannot be read: " + failure.what(), Retry::never);
    }
}

}  // namespace

BlobId ContentBlobs::put(std::string_view bytes) {
    BlobId id(sha256_hex(bytes));
    return has(id) ? id : store(chunks_of(std::string(bytes)));
}

BlobId ContentBlobs::put_sealed(ChunkSource bytes) {
    return store(key_.seal(std::move(bytes), purpose));
}

std::optional<std::string> ContentBlobs::get(const BlobId& id) {
    const auto stored = well_formed(id) ? load(id) : nullptr;
    if (!stored) return std::nullopt;
    const auto source = verified(id, stored);
    std::string bytes;
    for (auto piece = next_of(id, source); !piece.empty(); piece = next_of(id, source))
        bytes += piece;
    return bytes;
}

bool ContentBlobs::get_sealed(const BlobId& id, const ChunkSink& sink) {
    const auto stored = well_formed(id) ? load(id) : nullptr;
    if (!stored) return false;
    const auto plain = key_.open(verified(id, stored), purpose);
    for (auto piece = next_of(id, plain); !piece.empty(); piece = next_of(id, plain)) sink(piece);
    return true;
}

}  // namespace slipway
