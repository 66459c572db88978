/// Money and quantities: decimal digits, never binary floating point.
#pragma once

#include "service/model/decimal.hpp"

namespace slipway::cost {

using slipway::Decimal;

}  // namespace slipway::cost
