// A check of a commit in Slipway's words, and how much text a forge takes for it. What a forge's
// API calls these is its adapter's business.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>

#include "service/model/words.hpp"

namespace slipway {

// The words below are those that the built-in forge's documents and `slipway pull show --json`
// have always had; documents that were written once stay readable.
enum class CheckStatus { waiting, running, done };
constexpr std::array<std::string_view, 3> words_of(CheckStatus) {
    return {"queued", "in_progress", "completed"};
}
enum class Conclusion { passed, failed, neutral, needs_action, cancelled };
constexpr std::array<std::string_view, 5> words_of(Conclusion) {
    return {"success", "failure", "neutral", "action_required", "cancelled"};
}

// The defaults are for a forge that sets no limits: what a person may be asked to read.
struct TextLimits {
    std::size_t comment_bytes = 60'000;
    std::size_t check_bytes = 65'000;  // summary and text, each
    std::size_t title_bytes = 140;     // of a check
    std::size_t annotations = 50;      // of one check
    std::size_t annotation_title_bytes = 120;
};

}  // namespace slipway
