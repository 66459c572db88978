/// Packed tables in files, as an import writes them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "policies/cost/prices/packed_prices.hpp"

namespace slipway::cost {

/// A file that is mapped; one that is replaced meanwhile is read on as it was.
class MappedPrices {
  public:
    /// Checks the digest and every reference in it: the file may have been written by anybody. The
    /// error is a sentence that begins with the file's name.
    static Result<std::shared_ptr<const MappedPrices>> open(const std::filesystem::path& path);
    ~MappedPrices();

    const PackedPrices& table() const { return table_; }
    const std::filesystem::path& path() const { return path_; }

  private:
    struct Mapping;
    MappedPrices(std::filesystem::path path, std::unique_ptr<Mapping> mapping, PackedPrices table);
    std::filesystem::path path_;
    std::unique_ptr<Mapping> mapping_;
    PackedPrices table_;
};

/// Writes beside it and renames, so that whoever reads it sees the whole old or the whole new file.
/// Makes the directory.
std::optional<Error> replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace slipway::cost
