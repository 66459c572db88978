#include "handlers/runs/worker/tools/scrubber.hpp"

#include <algorithm>
#include <cctype>

#include "service/model/ascii.hpp"

namespace slipway {

namespace {

constexpr std::size_t shortest_inside = 6;  // shorter ones are looked for as whole values only

std::vector<Secret> long_enough(const std::vector<Secret>& secrets) {
    std::vector<Secret> out;
    for (const auto& secret : secrets)
        if (secret.reveal().size() >= shortest_inside && secret.reveal().size() <= longest_secret)
            out.push_back(secret);
    return out;
}

}  // namespace

bool is_named_like_a_secret(std::string_view name) {
    static constexpr std::string_view endings[] = {
        "password", "passwd", "passphrase",      "secret",     "token",       "private_key",
        "api_key",  "apikey", "access_key",      "secret_key", "credentials", "connection_string",
        "auth_key", "pass",   "private_key_pem", "sas_key"};
    const auto alike = [](char a, char b) {
        return (a == '-' || a == '.' ? '_' : ascii_lower(a)) == b;
    };
    return std::any_of(std::begin(endings), std::end(endings), [&](std::string_view ending) {
        if (name.size() < ending.size()) return false;
        const auto end = name.substr(name.size() - ending.size());
        if (!std::equal(end.begin(), end.end(), ending.begin(), alike)) return false;
        return name.size() == ending.size() || alike(name[name.size() - ending.size() - 1], '_');
    });
}

Scrubber::Scrubber(const std::vector<Secret>& secrets) : masker_(long_enough(secrets)) {
    for (const auto& secret : secrets)
        if (can_be_masked(secret.reveal())) whole_.insert(secret.reveal());
}

std::optional<std::string> Scrubber::text(const std::string& value) const {
    if (whole_.count(value) != 0) return std::nullopt;
    return masker_(value);
}

bool Scrubber::number(std::string_view digits) const {
    return digits.size() < shortest_inside || whole_.count(digits) == 0;
}

void Scrubber::scrub(Json& value) const {
    if (value.is_string()) {
        auto shown = text(value.text());
        value = Json(shown ? std::move(*shown) : std::string(sensitive_text));
    } else if (value.is_number()) {
        if (!number(value.number_text())) value = Json(sensitive_text);
    } else if (value.is_array()) {
        for (auto& item : value.edit_items()) scrub(item);
    } else if (value.is_object()) {
        for (auto& [name, inner] : value.edit_members()) {
            if (auto shown = text(name); !shown || *shown != name)
                name = shown.value_or(std::string(sensitive_text));
            scrub(inner);
        }
    }
}

}  // namespace slipway
