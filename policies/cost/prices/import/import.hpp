/// `slipway prices import`: the vendors' published files into a packed table beside the built-in
/// one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "policies/cost/prices/import/price_collector.hpp"

namespace slipway::cost {

struct ImportRequest {
    std::string vendor;                         ///< aws, azure or gcp
    std::vector<std::filesystem::path> inputs;  ///< files, or directories of .csv and .json files
    std::filesystem::path directory;  ///< where imported tables lie; made if it is not there
    std::chrono::sys_days today;
    /// Of the list, where its files do not say it (Azure, Google); else the newest day on which a
    /// price of it began.
    std::optional<std::chrono::sys_days> published;
    bool replace = false;  ///< forget what was imported of this vendor before
};

struct ImportedFile {
    std::string name, sha256;
    std::uint64_t bytes = 0;
};

struct ImportReport {
    std::vector<ImportedFile> files;
    std::chrono::sys_days published;  ///< of the newest list
    std::size_t rows_read = 0;
    std::size_t added = 0, changed = 0,
                unchanged = 0;  ///< prices, against what was imported before
    std::map<std::string, LeftOut> left_out;
    std::filesystem::path table;
};

/// All or nothing: on an error, which is one sentence with the file and where possible its line,
/// what was imported before stands as it was. The same files give the same table, byte for byte.
Result<ImportReport> import_prices(const ImportRequest& request);

/// DIRECTORY/aws.prices-table
std::filesystem::path imported_table_path(const std::filesystem::path& directory,
                                          const std::string& vendor);

}  // namespace slipway::cost
