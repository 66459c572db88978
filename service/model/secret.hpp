// A text that refuses to be printed, compared or formatted by accident. reveal() is the one way to
// it, so that `grep reveal` lists every place where a secret leaves its wrapping.
#pragma once
#include <string>
#include <utility>

namespace slipway {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

  private:
    std::string text_;
};

}  // namespace slipway
