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
    void store(const BlobId& id, std::string_view bytes) override {
        std::lock_guard lock(mutex_);
        blobs_.emplace(id, bytes);
    }
    std::optional<std::string> load(const BlobId& id) override {
        std::lock_guard lock(mutex_);
        const auto at = blobs_.find(id);
        if (at == blobs_.end()) return std::nullopt;
        return at->second;
    }
    std::mutex mutex_;
    std::map<BlobId, std::string> blobs_;
};

}  // namespace

std::unique_ptr<Blobs> make_memory_blobs() { return std::make_unique<MemoryBlobs>(); }

}  // namespace slipway
