// Decimals in records: as texts, with all their digits.
#pragma once
#include "service/base/codec.hpp"
#include "service/model/decimal.hpp"

namespace slipway {

template <>
struct TextCodec<Decimal> {
    static std::string text(const Decimal& value) { return decimal_text(value); }
    static bool parse(std::string_view text, Decimal& out) {
        const auto value = parse_decimal(text);
        if (value) out = *value;
        return value.has_value();
    }
};

}  // namespace slipway
