// The source of a run as one archive: a plain POSIX tar (ustar) of the materialised tree. It goes
// by in pieces, so that neither side needs memory for all of it.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

#include "service/base/chunks.hpp"

namespace slipway {

// Read as it is asked for. Throws Failure(never) where the directory holds something else than
// files, links and directories.
ChunkSource pack_source(const std::filesystem::path& directory);

// Throws Failure(never) where the archive is damaged or would leave the directory.
class SourceUnpacker {
  public:
    explicit SourceUnpacker(std::filesystem::path directory);
    ~SourceUnpacker();
    void take(std::string_view piece);
    // The tree is whole once this returned.
    void finish();

  private:
    class Reader;
    std::unique_ptr<Reader> reader_;
};

}  // namespace slipway
