// What the webhooks of REST forges have in common: headers, form bodies, names. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::rest {

// "" where there is no such header.
std::string_view header(const Headers& headers, std::string_view name);
// Letters, digits, '-', '_' and '.': what may become part of a key or of a log line.
bool is_name(std::string_view text, std::size_t at_most);

enum class BodyKind { json, form, other };
BodyKind body_kind(std::string_view content_type);

// The one field of application/x-www-form-urlencoded with this name; nullopt: absent, twice, or
// malformed.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

// Whose turn the event takes in the queue, read off the signed JSON without parsing it: the first
// repository that it names in full (of a pull request its head's), as "forge/owner/name"; "forge/"
// where there is none. No text that people write can stand in for it: a quote within one is
// escaped.
std::string repository_in(const std::string& forge, std::string_view body);

// The number at repository.id of the body; "": it has none.
std::string repository_id_in(const Delivery& delivery);

// Names and commits become parts of URLs and git arguments.
bool is_path_segment(std::string_view text);
bool is_repository_path(std::string_view path);  // "acme/infra"
bool is_commit(std::string_view text);           // 40 lower-case hex digits, not all zero
bool is_digits(std::string_view text);           // an id of the forge's
bool is_zero_commit(std::string_view text);      // 40 zeros: no commit
// The branch in "refs/heads/main"; nullopt: it is none, or holds control characters.
std::optional<std::string> branch_of(std::string_view ref);

}  // namespace slipway::rest
