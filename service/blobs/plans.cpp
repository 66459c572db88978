#include "service/blobs/plans.hpp"

#include <algorithm>

#include "service/base/codec.hpp"

namespace slipway {

namespace {
constexpr std::size_t kept_bytes = 8u
                                   << 20;  // of documents; as values they take some times as much
}

std::shared_ptr<const Plan> Plans::get(const BlobId& document) {
    if (document.empty()) return nullptr;
    if (auto kept = find(document)) return kept;
    const auto text = blobs_.get(document);
    if (!text) return nullptr;
    auto plan = decode<Plan>(std::string_view(*text));
    if (!plan) return nullptr;
    auto shared = std::make_shared<const Plan>(std::move(*plan));
    keep({document, shared, text->size()});
    return shared;
}

BlobId Plans::put(Plan plan) {
    const auto text = encode(plan).dump();
    auto document = blobs_.put(text);
    keep({document, std::make_shared<const Plan>(std::move(plan)), text.size()});
    return document;
}

std::shared_ptr<const Plan> Plans::find(const BlobId& document) {
    std::lock_guard lock(mutex_);
    const auto at = std::find_if(kept_.begin(), kept_.end(),
                                 [&](const Kept& kept) { return kept.document == document; });
    if (at == kept_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, at);
    return at->plan;
}

void Plans::keep(Kept kept) {
    std::lock_guard lock(mutex_);
    bytes_ += kept.bytes;
    kept_.push_front(std::move(kept));
    while (bytes_ > kept_bytes && !kept_.empty()) {
        bytes_ -= kept_.back().bytes;
        kept_.pop_back();
    }
}

}  // namespace slipway
