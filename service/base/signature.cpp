#include "service/base/signature.hpp"

#include <openssl/crypto.h>

#include <cassert>
#include <utility>

#include "service/base/digest.hpp"

namespace slipway {

SignatureCheck::SignatureCheck(std::vector<Secret> secrets) : secrets_(std::move(secrets)) {
    assert(!secrets_.empty());
    // Whoever knows that there is none could sign.
    for ([[maybe_unused]] const auto& secret : secrets_) assert(!secret.empty());
}

bool SignatureCheck::matches(std::string_view header, std::string_view body) const {
    constexpr std::string_view prefix = "sha256=";
    if (!header.starts_with(prefix) || header.size() != prefix.size() + 64) return false;
    const auto claimed = from_hex(header.substr(prefix.size()));
    if (!claimed) return false;
    bool right = false;
    for (const auto& secret : secrets_) {
        const auto computed = hmac_sha256(secret, body);
        if (CRYPTO_memcmp(claimed->data(), computed.data(), computed.size()) == 0) right = true;
    }
    return right;
}

}  // namespace slipway
