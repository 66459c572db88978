// Published vectors (FIPS 180, RFC 4231, RFC 4648) and the edges of the encodings.
#include "service/base/digest.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <set>

#include "service/base/result.hpp"

using namespace slipway;

namespace {

struct Key {
    Key() : pkey(EVP_RSA_gen(2048)) {}
    ~Key() { EVP_PKEY_free(pkey); }
    enum class Form { pkcs1, pkcs8, public_half, encrypted };
    Secret pem(Form form) const {
        BIO* out = BIO_new(BIO_s_mem());
        if (form == Form::pkcs1)
            PEM_write_bio_PrivateKey_traditional(out, pkey, nullptr, nullptr, 0, nullptr, nullptr);
        else if (form == Form::pkcs8)
            PEM_write_bio_PKCS8PrivateKey(out, pkey, nullptr, nullptr, 0, nullptr, nullptr);
        else if (form == Form::public_half)
            PEM_write_bio_PUBKEY(out, pkey);
        else
            PEM_write_bio_PKCS8PrivateKey(out, pkey, EVP_aes_256_cbc(), "passphrase", 10, nullptr,
                                          nullptr);
        char* data = nullptr;
        const auto size = BIO_get_mem_data(out, &data);
        Secret text(std::string(data, static_cast<std::size_t>(size)));
        BIO_free(out);
        return text;
    }
    bool verifies(std::string_view text, std::string_view signature) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, pkey);
        const int verdict = EVP_DigestVerify(
            context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size());
        EVP_MD_CTX_free(context);
        return verdict == 1;
    }
    EVP_PKEY* pkey;
};

}  // namespace

TEST_CASE("SHA-256 gives the published digests, one after the other on the same thread") {
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("HMAC-SHA-256 gives the digests of RFC 4231, and an empty key is a key of its own") {
    struct Case {
        std::string key, text, digest;
    };
    const Case cases[] = {
        {std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(hmac_sha256_hex(Secret(c.key), c.text) == c.digest);
        // Again under the same key, and under it after another.
        CHECK(hmac_sha256_hex(Secret(c.key), c.text) == c.digest);
        CHECK(hmac_sha256_hex(Secret(c.key + "x"), c.text) != c.digest);
        CHECK(hmac_sha256_hex(Secret(c.key), c.text) == c.digest);
    }
}

TEST_CASE("Hex goes both ways and refuses what is none") {
    CHECK(to_hex(std::string_view("\x00\xff\x10", 3)) == "00ff10");
    CHECK(from_hex("00FF10") == std::string("\x00\xff\x10", 3));
    CHECK(from_hex("") == "");
    for (const char* bad : {"0", "0g", "00:ff", " 00", "0x00"}) {
        CAPTURE(bad);
        CHECK(from_hex(bad) == std::nullopt);
    }
}

TEST_CASE("Base64 goes both ways, passes over line breaks and refuses what is none") {
    CHECK(to_base64("foobar") == "Zm9vYmFy");
    CHECK(to_base64("fooba") == "Zm9vYmE=");
    CHECK(to_base64url("\xfb\xff\xfe?") == "-__-Pw");
    CHECK(from_base64("Zm9v\nYmE=\n") == "fooba");
    CHECK(from_base64("") == "");
    for (const char* bad : {"Zm9vYmE", "Zm9v=mFy", "Z", "Zm9vYmE==", "-__-Pw==", "Zm9v!mFy"}) {
        CAPTURE(bad);
        CHECK(from_base64(bad) == std::nullopt);
    }
}

TEST_CASE("Texts are equal in constant time when every byte is") {
    CHECK(equal_in_constant_time("", ""));
    CHECK(equal_in_constant_time("abc", "abc"));
    CHECK_FALSE(equal_in_constant_time("abc", "abd"));
    CHECK_FALSE(equal_in_constant_time("abc", "abcd"));
}

TEST_CASE("Random identifiers differ and have the length and alphabet of a ULID") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        auto id = random_id();
        CHECK(id.size() == 26);
        CHECK(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos);
        CHECK(id[0] < '8');
        seen.insert(std::move(id));
    }
    CHECK(seen.size() == 1000);
    CHECK(random_bytes(0).empty());
    CHECK(random_bytes(64) != random_bytes(64));
}

TEST_CASE("RS256 signs with PKCS#1 and PKCS#8 keys, and the public half verifies it") {
    const Key key;
    for (auto form : {Key::Form::pkcs1, Key::Form::pkcs8}) {
        const auto signature = sign_rs256(key.pem(form), "header.claims");
        CHECK(signature.size() == 256);
        CHECK(key.verifies("header.claims", signature));
        CHECK_FALSE(key.verifies("header.other", signature));
    }
}

TEST_CASE("RS256 refuses what is not a usable private key, for good and without a prompt") {
    const Key key;
    const Secret bad[] = {Secret(""), Secret("-----BEGIN PRIVATE KEY-----\nAAAA\n"),
                          key.pem(Key::Form::public_half), key.pem(Key::Form::encrypted)};
    for (const auto& pem : bad) {
        bool refused = false;
        try {
            sign_rs256(pem, "text");
        } catch (const Failure& failure) {
            refused = failure.retry() == Retry::never;
        }
        CHECK(refused);
    }
}
