// Sensitive values leave a plan before it is a document. The rule it guards: what is known to be
// sensitive, or is named like a secret, is gone from every place where such a value stands.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/masking.hpp"
#include "service/base/json.hpp"
#include "service/model/secret.hpp"

namespace slipway {

inline constexpr std::string_view sensitive_text = "(sensitive value)";

// password, client_secret, api_key …: a string under such a name is sensitive, marked or not.
bool is_named_like_a_secret(std::string_view name);

// The values that a plan marks as sensitive, with others that the run knows; finds them where
// nobody marked them (an output computed from a password, a policy document with a token in it).
class Scrubber {
  public:
    explicit Scrubber(const std::vector<Secret>& secrets);
    // What may be shown of a text or number; nullopt: nothing.
    std::optional<std::string> text(const std::string& value) const;
    bool number(std::string_view digits) const;  // whether it may be shown
    void scrub(Json& value) const;               // everywhere below
    const Masker& masker() const { return masker_; }

  private:
    std::set<std::string, std::less<>> whole_;
    Masker masker_;
};

}  // namespace slipway
