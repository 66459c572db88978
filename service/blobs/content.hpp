// What all blob stores share: an id is the SHA-256 of the bytes as they lie in the store, checked
// whenever they are read. A sealed blob has a nonce of its own, so equal plans have different ids.
#pragma once
#include "service/blobs/blobs.hpp"

namespace slipway {

class ContentBlobs : public Blobs {
  public:
    explicit ContentBlobs(SealingKey key) : key_(std::move(key)) {}
    BlobId put(std::string_view bytes) override;
    std::optional<std::string> get(const BlobId& id) override;
    BlobId put(const ChunkSource& bytes) override { return store(bytes); }
    BlobId put_sealed(ChunkSource bytes) override;
    bool get_sealed(const BlobId& id, const ChunkSink& sink) override;

  private:
    virtual BlobId store(const ChunkSource& bytes) = 0;  // under the digest of all of them
    // Null: there is none. `id` is well formed.
    virtual ChunkSource load(const BlobId& id) = 0;
    virtual bool has(const BlobId& id) = 0;
    SealingKey key_;
};

}  // namespace slipway
