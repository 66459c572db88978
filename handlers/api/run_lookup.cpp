#include "handlers/api/run_lookup.hpp"

#include <algorithm>

#include "service/model/ascii.hpp"
#include "service/model/pull_record.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

namespace {

constexpr int ids_read = 100'000;
constexpr std::size_t candidates_shown = 10;

Task<std::vector<std::string>> all_ids(Queue& queue) {
    const auto listed = co_await queue.list(runs_index(), 0, ids_read);
    std::vector<std::string> out;
    for (const auto& [id, score] : listed) out.push_back(id);
    co_return out;
}

Task<HttpResponse> name_candidates(Queue& queue, std::string typed, std::vector<std::string> ids) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < std::min(ids.size(), candidates_shown); ++i)
        keys.push_back(run_key(RunId(ids[i])));
    const auto records = co_await queue.read_many(keys);
    std::vector<Run> some;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (records[i].version) some.push_back(decoded_record<Run>(keys[i], records[i]));
    co_return problem_response(400, "Ambiguous", run_words::several(typed, some, ids.size()));
}

}  // namespace

std::vector<std::string> ids_meant(std::string_view typed, const std::vector<std::string>& ids) {
    const auto wanted = ascii_lower(std::string(typed));
    std::vector<std::string> out;
    for (const auto& id : ids)
        if (id.starts_with(wanted)) out.push_back(id);
    return out;
}

Task<StandingOnPull> standing_on_pull(ApiContext& context, Run run) {
    StandingOnPull out;
    if (run.pull) {
        PullRequestName name{run.repository, *run.pull};
        const auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
        for (const auto& one : pull.value.stacks) {
            const auto& shown = one.tracked.empty() ? one.proposed : one.tracked;
            if (one.settings.id != run.stack || shown != run.id) continue;
            out.approval = one.approval;
            out.outdated = one.outdated;
        }
    }
    if (run.confirmation && run.confirmation->approval)
        out.approval = *run.confirmation->approval;  // of then; others may have been given since
    co_return out;
}

Task<FoundRun> find_run(ApiContext& context, std::string typed) {
    auto exact = co_await load<Run>(context.queue, run_key(RunId(typed)));
    if (exact.version) co_return std::move(exact);
    if (typed.size() < shortest_beginning)
        co_return problem_response(404, "Not found", run_words::too_short(shortest_beginning));
    const auto ids = co_await all_ids(context.queue);
    auto meant = ids_meant(typed, ids);
    if (meant.size() > 1) {
        auto several = co_await name_candidates(context.queue, std::move(typed), std::move(meant));
        co_return std::move(several);
    }
    if (meant.size() == 1) exact = co_await load<Run>(context.queue, run_key(RunId(meant.front())));
    if (exact.version) co_return std::move(exact);
    co_return problem_response(404, "Not found", run_words::no_such_run(typed));
}

}  // namespace slipway
