#include "service/model/decimal.hpp"

#include <cctype>

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

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
    if (!is_decimal(text)) return std::nullopt;
    return Decimal(std::string(text));
}

std::string decimal_text(const Decimal& value) {
    if (value.is_zero()) return "0";
    std::string text = value.str(40, std::ios_base::fixed);
    if (text.find('.') != text.npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

Decimal rounded(const Decimal& value, int digits) {
    const Decimal unit = boost::multiprecision::pow(Decimal(10), digits);
    const Decimal scaled = boost::multiprecision::abs(value) * unit + Decimal("0.5");
    const Decimal whole = boost::multiprecision::floor(scaled) / unit;
    return value < 0 ? -whole : whole;
}

}  // namespace slipway
