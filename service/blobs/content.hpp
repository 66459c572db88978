// What all blob stores share: an id is the SHA-256 of the bytes as they lie in the store, checked
// whenever they are read. A sealed blob has a nonce of its own, so equal plans have different ids.
#pragma once
#include "service/blobs/blobs.hpp"

namespace slipway {

class ContentBlobs : public Blobs {
  public:
    explicit ContentBlobs(SealingKey key) : key_(std::move(key)) {}
    BlobId put(std::string_view bytes) override;
    BlobId put_sealed(std::string_view bytes) override;
    std::optional<std::string> get(const BlobId& id) override;
    std::optional<std::string> get_sealed(const BlobId& id) override;

  private:
    virtual void store(const BlobId& id, std::string_view bytes) = 0;  // nothing, where it is there
    virtual std::optional<std::string> load(const BlobId& id) = 0;     // `id` is well formed
    SealingKey key_;
};

}  // namespace slipway
