// Digests, keyed digests and encodings (OpenSSL).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/model/secret.hpp"

namespace slipway {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits
// Of what comes in pieces.
class Sha256Stream {
  public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;

    void feed(std::string_view bytes);
    Sha256 finish();  // once

  private:
    void* context_;
};
std::string to_hex(const Sha256& digest);
Sha256 hmac_sha256(const Secret& key, std::string_view bytes);
std::string hmac_sha256_hex(const Secret& key, std::string_view bytes);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);  // either case; nullopt: not hex
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);  // no padding (RFC 7515)
// Padded; white space between the characters is passed over.
std::optional<std::string> from_base64(std::string_view text);

// Takes the same time wherever they differ; lengths are not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

std::string random_bytes(std::size_t count);  // from the system; throws Failure where it has none
std::string random_id();                      // 26 characters, sorted by time (ULID)

// RS256 (RFC 7518 3.3), the raw signature: PKCS#1 or PKCS#8 PEM. Throws Failure(never) with a
// sentence where the key is bad.
std::string sign_rs256(const Secret& private_key_pem, std::string_view text);

}  // namespace slipway
