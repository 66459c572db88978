/// Money and quantities: decimal digits, never binary floating point.
#pragma once

#include <boost/multiprecision/cpp_dec_float.hpp>

namespace slipway::cost {

using Decimal = boost::multiprecision::cpp_dec_float_50;

}  // namespace slipway::cost
