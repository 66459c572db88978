#include "service/model/decimal.hpp"

#include <cctype>
#include <cstdint>

namespace slipway {

namespace {

bool take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && std::isdigit(static_cast<unsigned char>(text[count]))) ++count;
    text.remove_prefix(count);
    return count > 0;
}

void take_sign(std::string_view& text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
}

bool is_decimal(std::string_view text) {
    if (text.size() > 60) return false;
    take_sign(text);
    if (!take_digits(text)) return false;
    if (!text.empty() && text[0] == '.') {
        text.remove_prefix(1);
        if (!take_digits(text)) return false;
    }
    if (text.empty()) return true;
    if (text[0] != 'e' && text[0] != 'E') return false;
    text.remove_prefix(1);
    take_sign(text);
    return text.size() <= 2 && take_digits(text) && text.empty();
}

// Digits alone, as most amounts are: the library's own reading is ten times as slow.
std::optional<Decimal> small_whole(std::string_view text) {
    if (text.empty() || text.size() > 18) return std::nullopt;
    std::int64_t out = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        out = out * 10 + (c - '0');
    }
    return Decimal(out);
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
    if (auto whole = small_whole(text)) return whole;
    if (!is_decimal(text)) return std::nullopt;
    return Decimal(std::string(text));
}

std::string decimal_text(const Decimal& value) {
    if (value.is_zero()) return "0";
    static const Decimal below = Decimal(1'000'000'000'000'000);
    if (value.backend().isint() && value > 0 && value < below)
        return std::to_string(value.convert_to<std::int64_t>());
    std::string text = value.str(40, std::ios_base::fixed);
    if (text.find('.') != text.npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

Decimal rounded(const Decimal& value, int digits) {
    unsigned long long unit = 1;  // a division by a whole is quick
    for (int i = 0; i < digits; ++i) unit *= 10;
    const Decimal scaled = boost::multiprecision::abs(value) * unit + Decimal("0.5");
    const Decimal whole = boost::multiprecision::floor(scaled) / unit;
    return value < 0 ? -whole : whole;
}

}  // namespace slipway
