#include "queue/store.hpp"

namespace slipway {

template Task<Stored<Run>> load<Run>(Queue&, std::string);
template Task<Stored<PullRecord>> load<PullRecord>(Queue&, std::string);
template Task<Stored<PostedRecord>> load<PostedRecord>(Queue&, std::string);
template Run decoded_record<Run>(const std::string&, const Record&);

}  // namespace slipway
