// A Reason in words: the end of "it waits, because …", plain text. Names and quoted text in it are
// foreign, as they came; whoever shows them makes them inert.
#pragma once
#include <string>

#include "service/model/reason.hpp"
#include "service/model/run.hpp"

namespace slipway {

std::string reason_text(const Reason& reason);  // "" where there is none
// Why a stack is not planned.
std::string not_planned_text(const Reason& reason);
// Of the state that the run is in: "discarded by ada: not today".
std::string reason_text(const Run& run);

// Beside a change of state in a run's history.
namespace notes {
std::string found_out_late();
std::string apply_failed(bool begun);
std::string plan_failed();
}  // namespace notes

}  // namespace slipway
