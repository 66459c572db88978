// What `show -json` prints holds every sensitive value in clear, beside trees that say where. This
// walks both together, so that the document may be stored, shown and given to policies. The rule it
// guards: what is marked, what is named like a secret, and every other place where such a value
// stands, is gone.
#pragma once
#include <memory>
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

// The marks below a member or element. Where marks and value have different shapes, all is marked.
const Json& marks_below(const Json& marks, const Json& value, std::string_view member);
const Json& marks_below(const Json& marks, const Json& value, std::size_t index);
inline bool is_marked(const Json& marks) { return marks.bool_or(false); }

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

// The texts and numbers of all sensitive values of a plan document. Parts of another shape than a
// plan has become empty ones; nothing else changes.
std::vector<Secret> sensitive_values(Json& document);

// The document without them. Members that are not known to be safe are left out.
Json redacted(Json document, const Scrubber& scrubber);

}  // namespace slipway
