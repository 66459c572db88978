// OpenSSL's digests and signatures, libsodium's strict encodings. Contexts are kept per thread,
// since most of what is digested is shorter than the making of a context.
#include "service/base/digest.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>

#include "service/base/result.hpp"

namespace slipway {

namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* held) const {
        release(held);
    }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Release<EVP_MAC_CTX_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void require(bool worked) {
    if (!worked) throw Failure("OpenSSL refused a digest that every build of it has");
}

MacContext new_mac_context() {
    std::unique_ptr<EVP_MAC, Release<EVP_MAC_free>> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    require(mac != nullptr);
    MacContext context(EVP_MAC_CTX_new(mac.get()));
    require(context != nullptr);
    return context;
}

// A key file that asks for a passphrase must not stop the service at a prompt.
int no_passphrase(char*, int, int, void*) { return -1; }

PrivateKey read_private_key(const std::string& pem) {
    Bio source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    PrivateKey key(source ? PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr)
                          : nullptr);
    ERR_clear_error();
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
        throw Failure(
            "the private key is not an unencrypted RSA key in PEM form; download it again "
            "from the App's settings",
            Retry::never);
    return key;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
    thread_local const DigestContext context(EVP_MD_CTX_new());
    static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    Sha256 out;
    require(context && digest && EVP_DigestInit_ex2(context.get(), digest, nullptr) &&
            EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) &&
            EVP_DigestFinal_ex(context.get(), out.data(), nullptr));
    return out;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
    auto* context = static_cast<EVP_MD_CTX*>(context_);
    const bool begun = context && EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    if (!begun) EVP_MD_CTX_free(context);
    require(begun);
}
Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Sha256Stream::feed(std::string_view bytes) {
    require(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()));
}
Sha256 Sha256Stream::finish() {
    Sha256 out;
    require(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), nullptr));
    return out;
}
std::string to_hex(const Sha256& digest) { return to_hex(text_of(digest)); }

std::string sha256_hex(std::string_view bytes) { return to_hex(text_of(sha256(bytes))); }

namespace {

struct KeyedMac {
    MacContext context = new_mac_context();
    std::optional<Secret> key;  // absent until it is keyed
};

void put_key(KeyedMac& mac, const Secret& key) {
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    mac.key.reset();
    // Absent would mean the one before; an empty key is a key.
    const auto* key_bytes = bytes_of(key.empty() ? std::string_view("") : key.reveal());
    require(EVP_MAC_init(mac.context.get(), key_bytes, key.reveal().size(), parameters));
    mac.key = key;
}

// Looking up the digest costs more than hashing a job, so the keys of late stay in their contexts:
// a webhook takes its forge's secret and the key of records in turn.
EVP_MAC_CTX* keyed_mac_context(const Secret& key) {
    thread_local std::array<KeyedMac, 4> macs;
    thread_local std::size_t oldest = 0;
    for (KeyedMac& mac : macs)
        if (mac.key && mac.key->reveal() == key.reveal()) {
            // Without a key: the one before.
            require(EVP_MAC_init(mac.context.get(), nullptr, 0, nullptr));
            return mac.context.get();
        }
    KeyedMac& mac = macs[oldest];
    oldest = (oldest + 1) % macs.size();
    put_key(mac, key);
    return mac.context.get();
}

}  // namespace

Sha256 hmac_sha256(const Secret& key, std::string_view bytes) {
    auto* context = keyed_mac_context(key);
    Sha256 out;
    std::size_t written = 0;
    require(EVP_MAC_update(context, bytes_of(bytes), bytes.size()) &&
            EVP_MAC_final(context, out.data(), &written, out.size()) && written == out.size());
    return out;
}

std::string hmac_sha256_hex(const Secret& key, std::string_view bytes) {
    return to_hex(text_of(hmac_sha256(key, bytes)));
}

std::string to_hex(std::string_view bytes) {
    std::string out(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(out.data(), out.size(), bytes_of(bytes), bytes.size());
    out.pop_back();
    return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
    std::string out(hex.size() / 2, '\0');
    std::size_t written = 0;
    if (hex.size() % 2 != 0 ||
        sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), hex.data(),
                       hex.size(), nullptr, &written, nullptr) != 0 ||
        written != out.size())
        return std::nullopt;
    return out;
}

namespace {
std::string encoded(std::string_view bytes, int variant) {
    std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes_of(bytes), bytes.size(), variant);
    out.pop_back();
    return out;
}
}  // namespace

std::string to_base64(std::string_view bytes) {
    return encoded(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::string to_base64url(std::string_view bytes) {
    return encoded(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string out(text.size() / 4 * 3 + 3, '\0');
    std::size_t written = 0;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                          text.size(), " \r\n", &written, nullptr,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return std::nullopt;
    out.resize(written);
    return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t done = 0; done < count;) {
        const auto got = ::getrandom(out.data() + done, count - done, 0);
        if (got < 0 && errno != EINTR) throw Failure("the system gives no random bytes");
        if (got > 0) done += static_cast<std::size_t>(got);
    }
    return out;
}

std::string random_id() {
    static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
    std::string out(26, '0');
    for (int i = 9; i >= 0; --i, ms >>= 5) out[static_cast<std::size_t>(i)] = alphabet[ms & 31];
    const auto random = random_bytes(16);
    for (std::size_t i = 0; i < 16; ++i)
        out[10 + i] = alphabet[static_cast<unsigned char>(random[i]) & 31];
    return out;
}

std::string sign_rs256(const Secret& private_key_pem, std::string_view text) {
    const PrivateKey key = read_private_key(private_key_pem.reveal());
    DigestContext context(EVP_MD_CTX_new());
    std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
    std::size_t written = out.size();
    require(context &&
            EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &written,
                           bytes_of(text), text.size()) == 1);
    out.resize(written);
    return out;
}

}  // namespace slipway
