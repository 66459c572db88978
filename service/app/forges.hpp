// The table forge kind -> adapter, and what an adapter wants done once the service's address is
// known.
#pragma once
#include "handlers/forges/forge.hpp"

namespace slipway {

Forges make_forges(const Config& config, HttpClient& http, Pool& pool, const Clock& clock);
// Installs the hooks of the built-in forge's repositories, which send their webhooks to `url`.
void settle_forges(const Config& config, const std::string& url);
// For ever: the same for repositories that come while the service runs.
Task<void> watch_forges(const Config& config, std::string url, Pool& pool);

}  // namespace slipway
