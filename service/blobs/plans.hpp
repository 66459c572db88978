// Plans as values, by the id of their document. A document never changes, so those used last are kept read.
#pragma once
#include <list>
#include <memory>
#include <utility>

#include "service/blobs/blobs.hpp"
#include "service/model/plan.hpp"

namespace slipway {

class Plans {
  public:
    explicit Plans(Blobs& blobs) : blobs_(blobs) {}
    // Null where there is no such document or it is no plan.
    std::shared_ptr<const Plan> get(const BlobId& document);
    BlobId put(Plan plan);

  private:
    struct Kept {
        BlobId document;
        std::shared_ptr<const Plan> plan;
        std::size_t bytes = 0;  // of its document
    };
    void keep(Kept kept);

    Blobs& blobs_;
    std::list<Kept> kept_;  // the one used last comes first
    std::size_t bytes_ = 0;
};

}  // namespace slipway
