#include "service/base/record_codecs.hpp"

namespace slipway {

#define SLIPWAY_CODEC(T)               \
    template Json encode<T>(const T&); \
    template void decode_into<T>(const Json&, T&, std::string&, const std::string&);

SLIPWAY_RECORDS(SLIPWAY_CODEC)

}  // namespace slipway
