// Content-addressed files: plans, sources, documents. Written to a temporary name, synced, renamed:
// a blob is there whole or not at all. Sealed ones are encrypted before they touch the disk.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/chunks.hpp"
#include "service/base/sealing.hpp"
#include "service/model/id.hpp"

namespace slipway {

class Blobs {
  public:
    virtual ~Blobs() = default;
    // All of these may block for a disk write; call large ones on a Pool. Throw Failure on disk
    // trouble.

    // Documents, which whoever reads them needs whole.
    virtual BlobId put(std::string_view bytes) = 0;
    virtual std::optional<std::string> get(const BlobId& id) = 0;  // verified by its digest

    // In pieces, whatever their size.
    virtual BlobId put(const ChunkSource& bytes) = 0;
    virtual BlobId put_sealed(ChunkSource bytes) = 0;  // another id than unsealed content
    // False: there is none. What the sink was given is to be believed once it returns: only then
    // the whole has been verified.
    virtual bool get_sealed(const BlobId& id, const ChunkSink& sink) = 0;
};

// Files below `directory` (created with mode 0700), two hex digits a level.
std::unique_ptr<Blobs> make_directory_blobs(std::filesystem::path directory, SealingKey key);
std::unique_ptr<Blobs> make_memory_blobs();

}  // namespace slipway
