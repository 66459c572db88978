#include "handlers/runs/worker/secret_forms.hpp"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "handlers/runs/worker/clean_text.hpp"
#include "service/base/digest.hpp"
#include "service/base/json.hpp"
#include "service/model/ascii.hpp"

namespace slipway {

namespace {

constexpr std::size_t shortest_line = 8;

constexpr std::string_view digits = "0123456789abcdef";

std::string url_encoded(std::string_view text, bool plus, bool lower_case) {
    boost::urls::encoding_opts how;
    how.space_as_plus = plus;
    how.lower_case = lower_case;
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars, how);
}

std::string json_escaped(std::string_view text, bool html) {
    if (!parse_json(quoted(text)))
        return std::string(text);  // no UTF-8: nobody escapes it like this
    auto escaped = quoted(text);
    escaped = escaped.substr(1, escaped.size() - 2);
    if (!html) return escaped;
    std::string out;  // as Go's encoder does it
    for (const char c : escaped) {
        if (c == '<' || c == '>' || c == '&') {
            out += "\\u00";
            out += {digits[c >> 4], digits[c & 15]};
        } else {
            out += c;
        }
    }
    return out;
}

// The characters of base64 that depend on the secret alone, where it stands `shift` bytes into a
// group.
std::string base64_middle(std::string_view text, std::size_t shift) {
    const auto whole = to_base64(std::string(shift, '\0') + std::string(text));
    const std::size_t first = (shift * 8 + 5) / 6, last = (shift + text.size()) * 8 / 6;
    return whole.substr(first, last - first);
}

std::string url_safe(std::string text) {
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

void add_forms(std::string_view secret, std::vector<std::string>& out) {
    out.emplace_back(secret);
    out.push_back(clean_text(secret));  // as it is after colours and control characters have gone
    for (const bool either : {false, true}) {
        out.push_back(url_encoded(secret, either, false));
        out.push_back(url_encoded(secret, either, true));
        out.push_back(json_escaped(secret, either));
        out.push_back(json_escaped(json_escaped(secret, either), either));
    }
    for (const std::size_t shift : {0, 1, 2}) {
        const auto middle = base64_middle(secret, shift);
        if (middle.size() < 6) continue;
        out.push_back(middle);
        out.push_back(url_safe(middle));
    }
    const auto hex = to_hex(secret);
    out.push_back(hex);
    out.push_back(ascii_upper(hex));
}

}  // namespace

void add_secret_forms(std::string_view secret, std::vector<std::string>& out) {
    add_forms(secret, out);
    if (secret.find('\n') == secret.npos) return;
    while (!secret.empty()) {  // tools print line by line, each with something before it
        auto line = secret.substr(0, secret.find('\n'));
        secret.remove_prefix(std::min(secret.size(), line.size() + 1));
        while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
        while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
        if (line.size() >= shortest_line) add_forms(line, out);
    }
}

}  // namespace slipway
