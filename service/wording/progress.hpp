// How far an apply came that did not come to its end, in sentences.
#pragma once
#include <string>

#include "service/model/apply_progress.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// "Applied: `a`, `b`. Not applied: `c`."
std::string progress_text(const ApplyProgress& progress, const Voice& voice);

}  // namespace slipway
