// The codecs of the largest records, compiled once: most files that load a run would each compile
// that of all its parts, which takes seconds.
#pragma once
#include "service/base/codec.hpp"
#include "service/model/plan.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/request.hpp"
#include "service/model/run.hpp"

namespace slipway {

#define SLIPWAY_RECORDS(apply) \
    apply(Run) apply(RunRequest) apply(PullRecord) apply(PostedRecord) apply(Plan) apply(Request)

#define SLIPWAY_EXTERN_CODEC(T)               \
    extern template Json encode<T>(const T&); \
    extern template void decode_into<T>(const Json&, T&, std::string&, const std::string&);

SLIPWAY_RECORDS(SLIPWAY_EXTERN_CODEC)

#undef SLIPWAY_EXTERN_CODEC

}  // namespace slipway
