#include "handlers/runs/worker/tools/tool_driver.hpp"

namespace slipway {

Task<std::vector<std::string>> ToolDriver::providers() { co_return std::vector<std::string>(); }
Task<void> ToolDriver::accept_providers() { co_return; }
Task<void> ToolDriver::select_workspace() { co_return; }
Task<std::string> ToolDriver::lock_of_apply() { co_return std::string(); }
Task<std::optional<std::string>> ToolDriver::lock_left() { co_return std::nullopt; }
Task<Ended> ToolDriver::unlock(std::string) { co_return Ended(); }
Task<ToolOutputs> ToolDriver::outputs() { co_return ToolOutputs(); }

ApplyEnd ToolDriver::end_of_apply(const Ended& ended) const {
    if (ended.how == Ended::How::signalled) return ApplyEnd::unknown;
    if (ended.code == 0) return ApplyEnd::finished;
    constexpr int killed = 128;  // and the number of the signal
    return ended.code < killed ? ApplyEnd::failed : ApplyEnd::unknown;
}

void ToolDriver::must_succeed(const Ended& ended, std::string_view step) {
    steps_.must_end_by_itself(ended);
    if (ended.ok()) return;
    auto error = first_error(steps_.log.take_error_text());
    if (error.empty()) error = name() + " " + std::string(step) + " " + ended.text();
    throw PhaseOver{PhaseResult::Outcome::failed, std::move(error)};
}

Task<std::string> ToolDriver::shown(ChunkSource plan_file,
                                    std::map<std::string, std::string> files) {
    auto ended = co_await steps_.show(std::move(plan_file), std::move(files));
    if (!ended.ok()) {
        steps_.log.take(2, ended.error_output);
        must_succeed(ended, "show");
    }
    if (ended.dropped_bytes != 0)
        throw PhaseOver{PhaseResult::Outcome::failed, "the plan is too large to be read"};
    co_return std::move(ended.output);
}

}  // namespace slipway
