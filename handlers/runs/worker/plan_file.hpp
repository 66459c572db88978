// A plan's bytes in a file without a name, which no run can reach: what is digested, shown, stored
// and applied is one and the same, whatever a run does to the copy that it was given (rules R3,
// R4).
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "service/base/chunks.hpp"
#include "service/base/digest.hpp"

namespace slipway {

class PlanFile {
  public:
    // On the disk of this directory.
    explicit PlanFile(const std::filesystem::path& directory);

    // All throw Failure where the disk does not do it.
    void append(std::string_view piece);
    // SHA-256 of all that was appended, in hex. Nothing is appended any more.
    const std::string& digest();
    // From the beginning; may outlive this object, and any number at once may read.
    ChunkSource bytes() const;

  private:
    struct File;
    std::shared_ptr<File> file_;
    std::unique_ptr<Sha256Stream> stream_;
    std::string digest_;
};

}  // namespace slipway
