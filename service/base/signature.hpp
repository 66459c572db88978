// Webhook signatures: "sha256=" + hex HMAC-SHA256 of the raw body (docs.github.com, "Validating
// webhook deliveries"). Compared as 32 bytes in constant time, against every secret of a rotation.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "service/model/secret.hpp"

namespace slipway {

// Holds keyed contexts, so that a signature costs the hashing of the body alone. One thread's.
class SignatureCheck {
  public:
    explicit SignatureCheck(const std::vector<Secret>& secrets);  // asserts that there is one
    ~SignatureCheck();
    SignatureCheck(SignatureCheck&&) noexcept;
    // `header`: the value of X-Hub-Signature-256. Anything but a right one is false.
    bool matches(std::string_view header, std::string_view body);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace slipway
