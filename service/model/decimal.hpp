// Money and quantities: decimal digits, never binary floating point. The one library type in the
// model; a header that many files see holds amounts as text instead.
#pragma once
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

using Decimal = boost::multiprecision::cpp_dec_float_50;

// Digits with an optional sign, fraction and exponent ("-1.5", "2e-7"); nullopt for anything else.
std::optional<Decimal> parse_decimal(std::string_view text);

// All digits, without an exponent or trailing zeros: "0.0084", "-12". At most 40 after the point.
std::string decimal_text(const Decimal& value);

// Half away from zero, to so many digits after the point: 0 to 18.
Decimal rounded(const Decimal& value, int digits);

}  // namespace slipway
