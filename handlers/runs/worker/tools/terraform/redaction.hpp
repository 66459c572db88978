// What `show -json` prints holds every sensitive value in clear, beside trees that say where. This
// walks both together, so that the document may be stored, shown and given to policies. The rule it
// guards: what is marked, what is named like a secret, and every other place where such a value
// stands, is gone.
#pragma once
#include <vector>

#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/base/json.hpp"
#include "service/model/secret.hpp"

namespace slipway {

// The texts and numbers of all sensitive values of a plan document. Parts of another shape than a
// plan has become empty ones; nothing else changes.
std::vector<Secret> sensitive_values(Json& document);

// The document without them. Members that are not known to be safe are left out.
Json redacted(Json document, const Scrubber& scrubber);

}  // namespace slipway
