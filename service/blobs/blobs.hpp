// Content-addressed files: plans, sources, documents. Written to a temporary name, synced, renamed:
// a blob is there whole or not at all. Sealed ones are encrypted before they touch the disk.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/sealing.hpp"
#include "service/model/id.hpp"

namespace slipway {

class Blobs {
  public:
    virtual ~Blobs() = default;
    // All of these may block for a disk write; call large ones on a Pool. Throw Failure on disk
    // trouble.
    virtual BlobId put(std::string_view bytes) = 0;
    virtual BlobId put_sealed(std::string_view bytes) = 0;  // another id than unsealed content
    virtual std::optional<std::string> get(const BlobId& id) = 0;  // verified by its digest
    virtual std::optional<std::string> get_sealed(const BlobId& id) = 0;
};

// Files below `directory` (created with mode 0700), two hex digits a level.
std::unique_ptr<Blobs> make_directory_blobs(std::filesystem::path directory, SealingKey key);
std::unique_ptr<Blobs> make_memory_blobs();

}  // namespace slipway
