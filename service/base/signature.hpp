// Webhook signatures: "sha256=" + hex HMAC-SHA256 of the raw body (docs.github.com, "Validating
// webhook deliveries"). Compared as 32 bytes in constant time, against every secret of a rotation.
#pragma once
#include <string_view>
#include <vector>

#include "service/model/secret.hpp"

namespace slipway {

class SignatureCheck {
  public:
    explicit SignatureCheck(std::vector<Secret> secrets);  // asserts that there is one
    // `header`: the value of X-Hub-Signature-256. Anything but a right one is false.
    bool matches(std::string_view header, std::string_view body) const;

  private:
    std::vector<Secret> secrets_;
};

}  // namespace slipway
