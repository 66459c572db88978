#include "service/model/provider.hpp"

#include <algorithm>

#include "service/model/ascii.hpp"

namespace slipway {

namespace {

bool is_part(std::string_view part, std::string_view more) {
    return !part.empty() && part.size() <= 255 && part.front() != '-' && part.front() != '.' &&
           std::all_of(part.begin(), part.end(), [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                      more.find(c) != more.npos;
           });
}

std::vector<std::string> parts_of(std::string_view source) {
    std::vector<std::string> out(1);
    for (const char c : source) {
        if (c == '/')
            out.emplace_back();
        else
            out.back() += ascii_lower(c);
    }
    return out;
}

std::string between_quotes(std::string_view line) {
    const auto first = line.find('"'), last = line.rfind('"');
    return first == last ? std::string() : std::string(line.substr(first + 1, last - first - 1));
}

// `registry`: the host that is meant where none is named.
std::string address_of(std::string_view source, std::string_view registry) {
    auto parts = parts_of(source);
    if (parts.size() == 1) parts.insert(parts.begin(), "hashicorp");
    if (parts.size() == 2) parts.insert(parts.begin(), std::string(registry));
    const bool good = parts.size() == 3 && is_part(parts[0], ".:") && is_part(parts[1], "_") &&
                      is_part(parts[2], "_");
    return good ? parts[0] + "/" + parts[1] + "/" + parts[2] : std::string();
}

}  // namespace

std::string provider_address(std::string_view source, ToolKind tool) {
    return address_of(source, traits_of(tool).registry);
}

bool is_provider_source(std::string_view source) { return !address_of(source, "registry").empty(); }

bool is_provider_address(std::string_view address) {
    return !address.empty() && address_of(address, "") == address;
}

bool is_builtin_provider(std::string_view address) {
    return address.starts_with("terraform.io/builtin/");
}

std::vector<LockedProvider> locked_providers(std::string_view lock_file) {
    std::vector<LockedProvider> out;
    while (!lock_file.empty()) {
        const auto end = lock_file.find('\n');
        const auto line = lock_file.substr(0, end);
        lock_file = end == lock_file.npos ? std::string_view() : lock_file.substr(end + 1);
        if (line.starts_with("provider \"")) {
            out.push_back({between_quotes(line), "", {}});
        } else if (!out.empty() && out.back().version.empty() && line.starts_with("  version ")) {
            out.back().version = between_quotes(line);
        } else if (!out.empty() && line.starts_with("    \"")) {
            out.back().hashes.push_back(between_quotes(line));
        }
    }
    return out;
}

}  // namespace slipway
