// Blobs that go with the process: what `preview` runs on. Sealed under a key that nobody else has.
#include <map>
#include <mutex>

#include "service/base/digest.hpp"
#include "service/blobs/content.hpp"

namespace slipway {

namespace {

class MemoryBlobs : public ContentBlobs {
  public:
    MemoryBlobs() : ContentBlobs(SealingKey(Secret(random_bytes(32)))) {}

  private:
    bool has(const BlobId& id) override {
        std::lock_guard lock(mutex_);
        return blobs_.contains(id);
    }
    BlobId store(const ChunkSource& bytes) override {
        auto all = gathered(bytes);
        BlobId id(sha256_hex(all));
        std::lock_guard lock(mutex_);
        blobs_.emplace(id, std::make_shared<const std::string>(std::move(all)));
        return id;
    }
    ChunkSource load(const BlobId& id) override {
        std::lock_guard lock(mutex_);
        const auto at = blobs_.find(id);
        if (at == blobs_.end()) return nullptr;
        return chunks_of(at->second);
    }
    std::mutex mutex_;
    std::map<BlobId, std::shared_ptr<const std::string>> blobs_;
};

}  // namespace

std::unique_ptr<Blobs> make_memory_blobs() { return std::make_unique<MemoryBlobs>(); }

}  // namespace slipway
