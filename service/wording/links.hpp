// Addresses of our own pages.
#pragma once
#include <string>

#include "service/wording/report.hpp"

namespace slipway {

// "" where the service has no public address.
inline std::string run_url(const Report& report, const RunId& run) {
    if (report.public_url.empty() || run.empty()) return {};
    std::string base = report.public_url;
    while (base.ends_with('/')) base.pop_back();
    return base + "/runs/" + run.value;
}

}  // namespace slipway
