// Secrets leave a run's output before anything is sent, stored or shown. A stream of raw bytes goes
// in at any chunk borders; what comes out holds no secret, in none of the forms in which tools
// print one (as it is, base64 at any alignment, hexadecimal, URL-encoded, JSON-escaped, a line of
// many), and none of the known token shapes. Memory is bounded by the longest pattern.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/model/secret.hpp"

namespace slipway {

inline constexpr std::string_view mask = "***";
inline constexpr std::size_t shortest_secret = 4;
inline constexpr std::size_t longest_secret = 64 * 1024;

// Whether a value can be masked: not one that is too short, or a word (true, null, …) that output
// is full of. Such a value stands in the output in clear, so it should not be a secret.
bool can_be_masked(std::string_view value);

// An automaton over all forms of all secrets (Aho and Corasick). Built once for a run, shared by
// streams.
class Masker {
  public:
    // Values that cannot be masked are passed over; ones that are too long are a Failure(never).
    explicit Masker(const std::vector<Secret>& secrets);
    ~Masker();

    std::string operator()(std::string_view text) const;  // a whole text
    bool finds_in(std::string_view text) const;

    struct Automaton;
    const std::shared_ptr<const Automaton>& automaton() const { return automaton_; }

  private:
    std::shared_ptr<const Automaton> automaton_;
};

class MaskedStream {
  public:
    explicit MaskedStream(const Masker& masker);
    ~MaskedStream();

    // Appends what is certain to `out` and holds back what could still become a secret.
    void feed(std::string_view bytes, std::string& out);
    void finish(std::string& out);

  private:
    enum class Mode : std::uint8_t { text, token, key, key_end };
    void step(unsigned char byte, std::string& out);
    void emit(std::size_t count, std::string& out);
    bool hidden_by_mode(unsigned char byte);

    std::shared_ptr<const Masker::Automaton> automaton_;
    std::uint32_t state_ = 0;
    Mode mode_ = Mode::text;
    std::size_t mode_bytes_ = 0;
    std::string held_;       // not emitted yet
    std::string hidden_;     // for each byte of held_, whether it is
    bool in_mask_ = false;   // the last emitted byte was hidden
    std::size_t found_ = 0;  // hidden runs emitted

    friend class Masker;
};

}  // namespace slipway
