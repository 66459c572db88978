// Plans as values, by the id of their document. A document never changes, so those used last are
// kept read. For any thread.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "service/blobs/blobs.hpp"
#include "service/model/plan.hpp"

namespace slipway {

class Plans {
  public:
    explicit Plans(Blobs& blobs) : blobs_(blobs) {}
    // Null where there is no such document or it is not a plan.
    std::shared_ptr<const Plan> get(const BlobId& document);
    BlobId put(Plan plan);

  private:
    struct Kept {
        BlobId document;
        std::shared_ptr<const Plan> plan;
        std::size_t bytes = 0;  // of its document
    };
    std::shared_ptr<const Plan> find(const BlobId& document);
    void keep(Kept kept);

    Blobs& blobs_;
    std::mutex mutex_;      // of what is kept
    std::list<Kept> kept_;  // the one used last comes first
    std::size_t bytes_ = 0;
};

}  // namespace slipway
