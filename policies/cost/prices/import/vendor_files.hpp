/// Readers of the vendors' published price lists. Each gives what it understands to a collector and
/// names the rest. An error is one sentence that begins "line N: " where a line is at fault.
#pragma once

#include <chrono>
#include <optional>

#include "policies/cost/prices/import/price_collector.hpp"
#include "service/base/json_stream.hpp"

namespace slipway::cost {

struct VendorFile {
    std::optional<std::chrono::sys_days> published;  ///< where the file says so
    bool goes_on = false;                            ///< it is a page, and another follows
};

/// Price list files of AWS as CSV or JSON, of one service, and saved answers of its query API.
Result<VendorFile> read_aws_file(const ReadSome& read, bool csv, PriceCollector& to);

/// Pages of the Azure Retail Prices API.
Result<VendorFile> read_azure_file(const ReadSome& read, PriceCollector& to);

/// Pages of the Cloud Billing Catalog's list of SKUs.
Result<VendorFile> read_google_file(const ReadSome& read, PriceCollector& to);

/// The day of a time such as 2026-10-15T00:00:00Z.
std::optional<std::chrono::sys_days> day_of(std::string_view time);

}  // namespace slipway::cost
