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

}  // namespace

BlobId ContentBlobs::put(std::string_view bytes) {
    BlobId id(sha256_hex(bytes));
    store(id, bytes);
    return id;
}

BlobId ContentBlobs::put_sealed(std::string_view bytes) { return put(key_.seal(bytes, purpose)); }

std::optional<std::string> ContentBlobs::get(const BlobId& id) {
    if (!well_formed(id)) return std::nullopt;
    auto bytes = load(id);
    if (bytes && sha256_hex(*bytes) != id.value)
        throw Failure(named(id) + " was changed since it was stored", Retry::never);
    return bytes;
}

std::optional<std::string> ContentBlobs::get_sealed(const BlobId& id) {
    const auto sealed = get(id);
    if (!sealed) return std::nullopt;
    auto plain = key_.open(*sealed, purpose);
    if (!plain) throw Failure(named(id) + ": " + plain.error().message, Retry::never);
    return std::move(*plain);
}

}  // namespace slipway
