// One HMAC context for every secret, keyed once: re-initialising it without a key goes back to the
// keyed state, so a delivery costs the hashing of its body and nothing else.
#include "service/base/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cassert>
#include <optional>

#include "service/base/digest.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

struct FreeContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MAC_CTX, FreeContext>;

void require(bool worked) {
    if (!worked) throw Failure("OpenSSL refused HMAC-SHA256");
}

Context keyed(const Secret& secret) {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    require(mac != nullptr);
    Context context(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    const auto& key = secret.reveal();
    require(context &&
            EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.data()),
                         key.size(), parameters));
    return context;
}

}  // namespace

struct SignatureCheck::Impl {
    std::vector<Context> contexts;
};

SignatureCheck::SignatureCheck(const std::vector<Secret>& secrets)
    : impl_(std::make_unique<Impl>()) {
    assert(!secrets.empty());
    for (const auto& secret : secrets) {
        assert(!secret.empty());  // whoever knows that there is none could sign
        impl_->contexts.push_back(keyed(secret));
    }
}
SignatureCheck::~SignatureCheck() = default;
SignatureCheck::SignatureCheck(SignatureCheck&&) noexcept = default;

bool SignatureCheck::matches(std::string_view header, std::string_view body) {
    constexpr std::string_view prefix = "sha256=";
    if (!header.starts_with(prefix) || header.size() != prefix.size() + 64) return false;
    const auto claimed = from_hex(header.substr(prefix.size()));
    if (!claimed) return false;
    bool right = false;
    for (const auto& context : impl_->contexts) {
        Sha256 computed;
        std::size_t written = 0;
        require(EVP_MAC_init(context.get(), nullptr, 0, nullptr) &&
                EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(body.data()),
                               body.size()) &&
                EVP_MAC_final(context.get(), computed.data(), &written, computed.size()));
        if (CRYPTO_memcmp(claimed->data(), computed.data(), computed.size()) == 0) right = true;
    }
    return right;
}

}  // namespace slipway
